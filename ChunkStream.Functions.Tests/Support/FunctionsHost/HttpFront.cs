using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Constraints;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>
/// Where clients call: finds the function by route and method, invokes it, and forwards the request to the worker, as
/// the host's DefaultHttpProxyService does.
/// </summary>
internal sealed class HttpFront(WorkerChannel worker) : IDisposable
{
    private static readonly ForwarderRequestConfig Config = new() { ActivityTimeout = TimeSpan.FromSeconds(240) };

    private readonly HttpMessageInvoker _client = new(new RetryHandler(
        new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false }));

    public static void AddServices(IServiceCollection services) => services.AddRouting().AddHttpForwarder();

    /// <summary>Maps the functions. Whatever is not among them is not found: 404, also for a method.</summary>
    public void Map(IEndpointRouteBuilder routes, string prefix)
    {
        foreach (var function in worker.Functions.Where(function => function.IsHttp))
        {
            RouteValueDictionary constraints = function.Methods is { Length: > 0 } methods
                ? new() { ["httpMethod"] = new HttpMethodRouteConstraint(methods) }
                : [];
            routes.Map(
                RoutePatternFactory.Parse($"{prefix}/{function.Route}", defaults: null, parameterPolicies: constraints),
                (HttpContext http, IHttpForwarder forwarder) => InvokeAsync(http, function, forwarder));
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task InvokeAsync(HttpContext http, HostedFunction function, IHttpForwarder forwarder)
    {
        var forwarding = default(ValueTask<ForwarderError>);
        var invocation = worker.Invoke(
            function,
            $"{http.Request.Path}{http.Request.QueryString}",
            new TypedData { Http = new RpcHttp() },
            begun =>
            {
                http.Request.Headers["x-ms-invocation-id"] = begun.Id;
                forwarding = forwarder.SendAsync(http, worker.HttpAddress, _client, Config);
            });
        bool isWhole;
        await using (http.RequestAborted.Register(invocation.Cancel))
        {
            var error = await forwarding;
            isWhole = await SucceedsAsync(invocation) && error is ForwarderError.None;
        }

        // The worker ends a response cleanly also when its function fails. It is for the host to tell the client.
        if (isWhole)
            return;
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.Clear();
        http.Response.StatusCode = StatusCodes.Status500InternalServerError;
    }

    private static Task<bool> SucceedsAsync(Invocation invocation)
        => invocation.Ended.ContinueWith(
            ended => ended is { IsCompletedSuccessfully: true, Result.Status: StatusResult.Types.Status.Success },
            TaskScheduler.Default);

    /// <summary>
    /// The worker says that it is ready before its web server listens, so the first requests may have to be sent again:
    /// as the host's RetryProxyHandler does.
    /// </summary>
    private sealed class RetryHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const int Attempts = 10;
        private static readonly TimeSpan MostDelay = TimeSpan.FromMilliseconds(250);

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var delay = TimeSpan.FromMilliseconds(50);
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await base.SendAsync(request, cancellationToken);
                }
                catch (HttpRequestException) when (attempt < Attempts)
                {
                    await Task.Delay(delay, cancellationToken);
                    delay = delay * 2 < MostDelay ? delay * 2 : MostDelay;
                }
            }
        }
    }
}
