using System.Net;
using System.Net.Http.Json;

namespace ChunkStream.Benchmarks.Smoke;

/// <summary>A durable stream of the smoke test's own: numbered messages, each of which is appended once.</summary>
internal sealed class SmokeStream : IAsyncDisposable
{
    private readonly SmokeClient _client;
    private readonly string _producer = $"{Guid.NewGuid():n}";

    private SmokeStream(SmokeClient client) => _client = client;

    /// <summary>The stream's path. It is deleted afterwards, and expires by itself if that fails.</summary>
    public string Path { get; } = $"streams/smoke/{Guid.NewGuid():n}";

    /// <summary>How often an append was sent again.</summary>
    public int Retries { get; private set; }

    /// <exception cref="SmokeSkipped">It needs a key, or there is no database.</exception>
    public static async Task<SmokeStream> CreateAsync(SmokeClient client, CancellationToken cancellation)
    {
        var stream = new SmokeStream(client);
        using var nothing = new StringContent("");
        nothing.Headers.ContentType = new("application/json");
        var status = await client.SendAsync(
            HttpMethod.Put, stream.Path, nothing, cancellation, ("Stream-TTL", "7200"));
        return status switch
        {
            HttpStatusCode.Created => stream,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => throw new SmokeSkipped("It needs --key."),
            _ => throw new SmokeFailure($"PUT {stream.Path} gave {(int)status}."),
        };
    }

    /// <summary>
    /// Appends a number, again and again until it is acknowledged: as a producer's, it is in the stream once.
    /// </summary>
    public async Task AppendAsync(int number, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                using var body = JsonContent.Create(number);
                var status = await _client.SendAsync(
                    HttpMethod.Post, Path, body, cancellation,
                    ("Producer-Id", _producer), ("Producer-Epoch", "0"), ("Producer-Seq", $"{number}"));
                if (status is HttpStatusCode.OK or HttpStatusCode.NoContent)
                    return;
                if ((int)status < 500)
                    throw new SmokeFailure($"POST {Path} gave {(int)status}.");
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException)
            {
                // Whether it was stored is not known, so it is sent again.
            }

            Retries++;
            await Task.Delay(500, cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _client.SendAsync(HttpMethod.Delete, Path, null, CancellationToken.None);
        }
        catch (HttpRequestException)
        {
            // It expires.
        }
    }
}
