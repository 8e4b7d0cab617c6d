using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Stream_App.Tests;

/// <summary>The app's functions on a socket of this machine: a minimal API takes their results, too.</summary>
internal sealed class FunctionServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FunctionServer(WebApplication app)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public static async Task<FunctionServer> StartAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddChunkStream().AddQueries();
        var app = builder.Build();
        var functions = new StreamFunctions();
        app.MapGet("/ticks", functions.Ticks);
        app.MapGet("/queries/{name}", functions.Query);
        app.MapQueries("/catalogue");
        await app.StartAsync();
        return new FunctionServer(app);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
