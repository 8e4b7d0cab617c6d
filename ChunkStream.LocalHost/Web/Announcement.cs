using ChunkStream.App;

namespace ChunkStream.LocalHost.Web;

/// <summary>Tells the console how to call the endpoints, once they answer.</summary>
internal static class Announcement
{
    private const string HealthRoute = "health";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits until the endpoints answer, then writes curl lines to try them, where the page is, and that it is ready.</summary>
    /// <param name="address">The address of the endpoints, see <see cref="ApiAddress"/>.</param>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="isKeyNeeded">Whether endpoints with access Function ask for a key.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task WhenReadyAsync(
        string address, EndpointTable endpoints, bool isKeyNeeded, CancellationToken cancellation)
    {
        // Never through a proxy: we ask our own machine.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var health = await AskAsync(client, $"{address}/{HealthRoute}", cancellation);

        Console.Out.WriteLine();
        foreach (var endpoint in endpoints.All)
        {
            foreach (var example in endpoint.Examples)
                Console.Out.WriteLine(CurlLine(address, example, isKeyNeeded && endpoint.Access == EndpointAccess.Function));
        }

        Console.Out.WriteLine();
        Console.Out.WriteLine($"In a browser: {address}/{EndpointTable.UiRoute}/");
        if (!health.IsSuccessStatusCode)
        {
            var report = await health.Content.ReadAsStringAsync(cancellation);
            Console.Out.WriteLine($"Not everything works: {HealthRoute} says {(int)health.StatusCode}. {report}");
        }

        Console.Out.WriteLine($"ChunkStream is ready: {address}");
    }

    // Double quotes hold in sh, cmd and PowerShell. The key itself is a secret, which a console that goes to a log would give away.
    private static string CurlLine(string address, ExampleCall example, bool needsKey)
    {
        var key = needsKey ? "-H \"x-functions-key: <your key>\" " : "";
        return $"curl {example.Options} {key}\"{address}/{example.Address}\"";
    }

    private static async Task<HttpResponseMessage> AskAsync(
        HttpClient client, string url, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await client.GetAsync(new Uri(url), cancellation);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                // Nothing listens yet, or it listens and is not up to answering.
                await Task.Delay(Poll, cancellation);
            }
        }
    }
}
