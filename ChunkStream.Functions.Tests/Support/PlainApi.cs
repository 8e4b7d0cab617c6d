using System.Diagnostics.Metrics;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// A minimal API as an adopter writes it: ASP.NET Core and <c>AddChunkStream()</c>, on a real loopback socket.
/// </summary>
internal sealed class PlainApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PlainApi(WebApplication app, RecordedLog log) => (_app, Log) = (app, log);

    public RecordedLog Log { get; }

    public IMeterFactory Meters => _app.Services.GetRequiredService<IMeterFactory>();

    public HttpClient Client { get; } = new(new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 })
    {
        Timeout = Bounded.ClientLimit,
    };

    public static async Task<PlainApi> StartAsync(
        Action<WebApplication> map,
        Action<IServiceCollection>? services = null,
        Action<StreamingOptions>? streaming = null,
        params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        var log = new RecordedLog();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddChunkStream(streaming);
        services?.Invoke(builder.Services);
        var app = builder.Build();
        map(app);
        var api = new PlainApi(app, log);
        await app.StartAsync().Within();
        api.Client.BaseAddress = new Uri(
            app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return api;
    }

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public Task<HttpResponseMessage> GetAsync(string path)
        => Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).Within();

    public async Task<string> TextAsync(string path) => await Client.GetStringAsync(path).Within();

    /// <summary>Stops the app, as a signal would.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
