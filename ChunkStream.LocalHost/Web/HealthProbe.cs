using ChunkStream.App;

namespace ChunkStream.LocalHost.Web;

/// <summary>
/// Asks a host that runs on this machine for its health. A container's health check runs this: its image has neither a
/// shell nor curl.
/// </summary>
internal static class HealthProbe
{
    private const int Unhealthy = 1;

    // Postgres may take a while to answer. Container engines wait 30 s for a health check by default.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Asks, prints the answer, and returns the exit code: 0 if the host is healthy.</summary>
    /// <param name="address">Where the host listens, as <see cref="LocalHostOptions.Address"/> has it.</param>
    /// <param name="port">The host's port.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="StartupFailure">The host does not answer, or the address can't be read.</exception>
    public static async Task<int> RunAsync(string address, int port, CancellationToken cancellation)
    {
        if (!ListenAddress.TryParse(address, out var listening))
            throw new StartupFailure($"{address} is no address that a host can listen on.");

        var url = $"{ApiAddress.For(listening.HostInUrl, port)}/{EndpointTable.HealthRoute}";
        // A proxy must not get this request: it is for this machine.
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Limit };
        try
        {
            using var health = await client.GetAsync(new Uri(url), cancellation);
            Console.Out.WriteLine(await health.Content.ReadAsStringAsync(cancellation));
            return health.IsSuccessStatusCode ? 0 : Unhealthy;
        }
        catch (Exception e) when (
            e is HttpRequestException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new StartupFailure($"{url} does not answer: {e.Message}", e);
        }
    }
}
