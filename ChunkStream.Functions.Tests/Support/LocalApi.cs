using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Web;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// The local host itself, on a real loopback socket: the endpoints that every app has, the generators of
/// <see cref="TestGenerators"/>, and streams that a test makes up.
/// </summary>
internal sealed class LocalApi : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<HttpRequest, IResult>> _served = new();

    private QueryFiles? _queries;

    private LocalApi(WebApplication app, RecordedLog log)
    {
        _app = app;
        Log = log;
        app.MapMethods(
            "/served/{name}", ["GET", "HEAD"], (HttpContext context, string name) => _served[name](context.Request));
    }

    /// <summary>What the engine logged.</summary>
    public RecordedLog Log { get; }

    /// <summary>Scheme, host and port, without a slash at the end.</summary>
    public string Origin => Client.BaseAddress!.GetLeftPart(UriPartial.Authority);

    /// <summary>A client that closes its connection as soon as it leaves a response, as browsers do.</summary>
    public HttpClient Client { get; } = new(new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 })
    {
        Timeout = Bounded.ClientLimit,
    };

    public static Task<LocalApi> StartAsync(
        string? connectionString = null, string? functionKey = null, params (string Key, string Value)[] settings)
        => StartAsync(TestApp(), TimeProvider.System, connectionString, functionKey, settings);

    /// <summary>Starts a host whose streams use a clock of their own.</summary>
    public static Task<LocalApi> StartAsync(TimeProvider time, params (string Key, string Value)[] settings)
        => StartAsync(TestApp(), time, connectionString: null, functionKey: null, settings);

    /// <summary>Starts a host that serves another app than that of the tests.</summary>
    public static Task<LocalApi> StartAsync(
        LocalApp app, string? connectionString = null, string? functionKey = null,
        params (string Key, string Value)[] settings)
        => StartAsync(app, TimeProvider.System, connectionString, functionKey, settings);

    /// <summary>The app of the tests.</summary>
    public static LocalApp TestApp() => new LocalApp().Add(builder =>
    {
        builder.AddTestGenerators();
        builder.AddQueries(options =>
        {
            options.DefaultQuery ??= "rows";
            if (options.QueriesPath == "queries")
                options.QueriesPath = Path.Combine(AppContext.BaseDirectory, "Support", "Queries");
        });
    });

    private static async Task<LocalApi> StartAsync(
        LocalApp served, TimeProvider time, string? connectionString, string? functionKey,
        (string Key, string Value)[] settings)
    {
        var builder = ApiHost.CreateBuilder();
        builder.Configuration["ConnectionStrings:Postgres"] = connectionString ?? "";
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        var log = new RecordedLog();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddSingleton(time);

        Assert.True(ListenAddress.TryParse("127.0.0.1", out var loopback));
        var options = LocalHostOptions.Read(builder.Configuration);
        options.FunctionKey = functionKey;
        var app = ApiHost.Build(served, builder, options, loopback, port: 0);
        var api = new LocalApi(app, log);
        await app.StartAsync().Within();
        api.Client.BaseAddress = new Uri(
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return api;
    }

    /// <summary>Starts a host with the given default query.</summary>
    public static Task<LocalApi> ServingAsync(
        string connectionString, string sql, params (string Key, string Value)[] settings)
        => ServingAsync(connectionString, new QueryFiles().With("rows", sql), settings);

    /// <summary>Starts a host with query files, which are deleted when it is disposed.</summary>
    public static async Task<LocalApi> ServingAsync(
        string connectionString, QueryFiles queries, params (string Key, string Value)[] settings)
    {
        var api = await StartAsync(
            connectionString,
            settings: [queries.Setting, ("ChunkStream:ResumeKey", "a key for tests that nobody guesses"), .. settings]);
        api._queries = queries;
        return api;
    }

    /// <summary>Serves a stream of the test's own; gives its path.</summary>
    public string Serve(
        StreamFormat format, Func<RecordEncoding, CancellationToken, StreamSource> open,
        CancellationToken invocation = default)
        => Serve($"stream-{_served.Count}", format, open, invocation);

    /// <summary>The same, at a path of this name.</summary>
    public string Serve(
        string name, StreamFormat format, Func<RecordEncoding, CancellationToken, StreamSource> open,
        CancellationToken invocation)
    {
        _served[name] = request =>
        {
            if (invocation.CanBeCanceled)
                request.HttpContext.Features.Set<IInvocationFeature>(new Call(name, invocation));
            return new StreamResult(new OfferedStream(name, open), format);
        };
        return $"/served/{name}";
    }

    /// <summary>Serves whatever a test answers, at a path of this name.</summary>
    public string Serve(string name, Func<HttpRequest, IResult> answer)
    {
        _served[name] = answer;
        return $"/served/{name}";
    }

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    /// <summary>Sends a request and gives the response as soon as its headers are there.</summary>
    public Task<HttpResponseMessage> GetAsync(string path)
        => Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).Within();

    public Task<HttpResponseMessage> HeadAsync(string path)
        => Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path)).Within();

    /// <summary>The scope of this host's meters.</summary>
    public IMeterFactory Meters => _app.Services.GetRequiredService<IMeterFactory>();

    /// <summary>Stops the host, as a signal would.</summary>
    public Task StopAsync() => _app.StopAsync();

    private sealed record Call(string Name, CancellationToken Ended) : IInvocationFeature;

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        _queries?.Dispose();
    }
}
