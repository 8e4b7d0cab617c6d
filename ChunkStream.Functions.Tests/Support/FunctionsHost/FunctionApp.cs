using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>
/// A function app that runs: the real worker process, and before it as much of the Azure Functions host as a test
/// needs. The host talks with the worker over gRPC, routes HTTP requests to its functions, and forwards them and their
/// responses.
/// </summary>
/// <remarks>
/// It is not the host. It checks no keys, whatever a function's level. It binds nothing but HTTP requests and timers,
/// and passes no binding data. Its timers run when a test says so. It ends no invocation at <c>functionTimeout</c>: a
/// test does that, with <see cref="Invocation.Cancel"/>. It neither scales, nor starts a worker again, nor specializes
/// a placeholder. It reads nothing of host.json but the route prefix.
/// </remarks>
internal sealed class FunctionApp : IAsyncDisposable
{
    /// <summary>The category that <see cref="Log"/> gives the lines of the worker's console.</summary>
    public const string Console = "console";

    private readonly WorkerChannel _channel;
    private readonly WebApplication _grpc;
    private readonly HttpFront _front;
    private WebApplication? _http;

    private FunctionApp(WorkerChannel channel, WebApplication grpc, WorkerProcess process)
    {
        (_channel, _grpc, Process) = (channel, grpc, process);
        _front = new HttpFront(channel);
        _ = CloseAtExitAsync();
    }

    /// <summary>Where it serves, without the route prefix.</summary>
    public Uri Address => AddressOf(_http!);

    /// <summary>The functions that the worker named.</summary>
    public IReadOnlyList<HostedFunction> Functions => _channel.Functions;

    /// <summary>What the worker logged and what it wrote to its console.</summary>
    public Record<RpcLog> Log => _channel.Log;

    /// <summary>All invocations, in the order of their beginnings.</summary>
    public Record<Invocation> Invocations => _channel.Invocations;

    /// <summary>The worker's process.</summary>
    public WorkerProcess Process { get; }

    /// <summary>A timestamp of <see cref="Stopwatch"/>: the worker had loaded the last function.</summary>
    public long ReadyAt { get; private set; }

    /// <summary>Starts an app, and waits until its functions are loaded.</summary>
    /// <param name="folder">What was built or published: the folder with worker.config.json and host.json.</param>
    /// <param name="settings">The app's settings, as environment variables.</param>
    /// <param name="cancellation">Ends the waiting, and the worker.</param>
    /// <exception cref="InvalidOperationException">The worker ended or refused. Tells what it wrote.</exception>
    public static async Task<FunctionApp> StartAsync(
        string folder, IEnumerable<KeyValuePair<string, string>> settings, CancellationToken cancellation = default)
    {
        folder = Path.GetFullPath(folder);
        var channel = new WorkerChannel();
        var grpc = await ServeAsync(
            HttpProtocols.Http2,
            services => services.AddSingleton(channel).AddGrpc(options => options.MaxReceiveMessageSize = null),
            server => server.MapGrpcService<WorkerChannel>(),
            cancellation);
        var process = WorkerProcess.Start(
            folder, AddressOf(grpc), settings, line => channel.Log.Add(new() { Category = Console, Message = line }));
        var app = new FunctionApp(channel, grpc, process);
        try
        {
            await channel.Ready.WaitAsync(cancellation);
            app.ReadyAt = Stopwatch.GetTimestamp();
            app._http = await ServeAsync(
                HttpProtocols.Http1, HttpFront.AddServices, server => app._front.Map(server, RoutePrefix(folder)),
                cancellation);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a timer's function, as if its time had come.</summary>
    public Invocation RunTimer(string function)
        => _channel.Invoke(
            Functions.Single(known => known.Name == function), target: "",
            new TypedData { Json = """{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}""" });

    /// <summary>Sends the worker the message with which a host ends it.</summary>
    public void Terminate() => _channel.Terminate();

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        if (_http is not null)
            await _http.DisposeAsync();
        await _grpc.DisposeAsync();
        _front.Dispose();
    }

    private static async Task<WebApplication> ServeAsync(
        HttpProtocols protocols, Action<IServiceCollection> add, Action<WebApplication> map,
        CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = protocols);
        });
        add(builder.Services);
        var server = builder.Build();
        map(server);
        await server.StartAsync(cancellation);
        return server;
    }

    private static Uri AddressOf(WebApplication server) => new(server.Urls.Single());

    private static string RoutePrefix(string folder)
        => (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "host.json")))!
            ["extensions"]?["http"]?["routePrefix"] ?? "api";

    private async Task CloseAtExitAsync()
    {
        var exitCode = await Process.Exited;
        var console = Log.All.Where(line => line.Category == Console).TakeLast(50);
        _channel.Close(new InvalidOperationException(
            $"The worker has ended with {exitCode}: {string.Join('\n', console.Select(line => line.Message))}"));
    }
}
