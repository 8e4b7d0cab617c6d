using System.Text.Json;

namespace ChunkStream.Functions.Tests.Fleet;

/// <summary>
/// Reads a stream that can't be resumed: its end with the instance must be seen, and never look like the last one.
/// </summary>
internal sealed class UnkeyedReader(HttpClient client, Uri url) : IFleetReader
{
    public long Last { get; private set; }

    /// <summary>Completes when the response is broken. Fails if it ends cleanly.</summary>
    public async Task RunAsync()
    {
        using var response = await client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        try
        {
            while (await lines.ReadLineAsync() is { } line)
            {
                var number = JsonDocument.Parse(line).RootElement.GetProperty("id").GetInt64();
                Assert.Equal(Last + 1, number);
                Last = number;
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            return;
        }

        Assert.Fail($"{url} ended cleanly after row {Last}.");
    }
}
