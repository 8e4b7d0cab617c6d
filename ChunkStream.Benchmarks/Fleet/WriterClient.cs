using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>
/// Appends ten numbered messages a second to a durable stream, as a producer: what may have been lost is sent again.
/// </summary>
internal sealed class WriterClient(HttpClient client, string path) : FleetClient
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc />
    public override string What => "appends by producers";

    /// <summary>The stream's path.</summary>
    public string Path => path;

    /// <inheritdoc />
    protected override async Task OnceAsync(CancellationToken leave)
    {
        while (!leave.IsCancellationRequested)
        {
            var number = Arrivals.Count.ToString(CultureInfo.InvariantCulture);
            using var request = new HttpRequestMessage(HttpMethod.Post, path)
            {
                Content = new ByteArrayContent(Encoding.ASCII.GetBytes(number)),
            };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Add("Producer-Id", "writer");
            request.Headers.Add("Producer-Epoch", "0");
            request.Headers.Add("Producer-Seq", number);
            using (var response = await client.SendAsync(request, leave))
                RequireSuccess(response);
            Arrive(Arrivals.Count);
            await Task.Delay(Pace, leave);
        }
    }
}
