using ChunkStream.App;

namespace ChunkStream.LocalHost.Web;

/// <summary>Prints how to call the endpoints, once they answer.</summary>
internal static class Announcement
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Waits until the endpoints answer. Then prints curl lines to try them, the page's address, and that the host is
    /// ready.
    /// </summary>
    /// <param name="address">The address of the endpoints, see <see cref="ApiAddress"/>.</param>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="isKeyNeeded">Whether endpoints with access Function ask for a key.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task WhenReadyAsync(
        string address, EndpointTable endpoints, bool isKeyNeeded, CancellationToken cancellation)
    {
        // A proxy must not get this request: it is for this machine.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var health = await AskAsync(client, $"{address}/{EndpointTable.HealthRoute}", cancellation);

        Console.Out.WriteLine();
        foreach (var endpoint in endpoints.All)
        {
            foreach (var example in endpoint.Examples)
            {
                var needsKey = isKeyNeeded && endpoint.Access == EndpointAccess.Function;
                Console.Out.WriteLine(CurlLine(address, example, needsKey));
            }
        }

        Console.Out.WriteLine();
        Console.Out.WriteLine($"In a browser: {address}/{EndpointTable.UiRoute}/");
        if (!health.IsSuccessStatusCode)
        {
            var report = await health.Content.ReadAsStringAsync(cancellation);
            Console.Out.WriteLine(
                $"Not everything works: {EndpointTable.HealthRoute} says {(int)health.StatusCode}. {report}");
        }

        Console.Out.WriteLine($"ChunkStream is ready: {address}");
    }

    // Double quotes work in sh, cmd and PowerShell. The key is not printed: the console's output may go to a log, and
    // the key is a secret.
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
                // Nothing listens yet, or the listener cannot answer yet.
                await Task.Delay(Poll, cancellation);
            }
        }
    }
}
