using System.Net;
using System.Text.Json;

namespace ChunkStream.Benchmarks.Smoke;

/// <summary>A client of the app, with its key. What it leaves is closed at once, as browsers do.</summary>
internal sealed class SmokeClient : IDisposable
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromMinutes(1);

    private readonly HttpClient _http;

    public SmokeClient(SmokeSettings settings)
    {
        _http = new HttpClient(new SocketsHttpHandler { MaxResponseDrainSize = 0, ConnectTimeout = ConnectLimit })
        {
            BaseAddress = settings.Url,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (settings.Key is { } key)
            _http.DefaultRequestHeaders.Add("x-functions-key", key);
    }

    /// <summary>Opens a stream, as soon as its headers are there.</summary>
    /// <param name="path">Its path under the app's address.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <param name="lastEventId">The id of the last event that the client has, if it goes on.</param>
    /// <exception cref="SmokeFailure">The answer is not 200.</exception>
    public async Task<HttpResponseMessage> OpenAsync(
        string path, CancellationToken cancellation, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (lastEventId is not null)
            request.Headers.Add("Last-Event-ID", lastEventId);
        var response = await SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.StatusCode is HttpStatusCode.OK)
            return response;

        using (response)
            throw new SmokeFailure($"GET {path} gave {(int)response.StatusCode}{await DetailAsync(response)}.");
    }

    /// <summary>Sends a request with a body, or with none.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path under the app's address.</param>
    /// <param name="content">The body, if there is one.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <param name="headers">Further headers.</param>
    public async Task<HttpStatusCode> SendAsync(
        HttpMethod method, string path, HttpContent? content, CancellationToken cancellation,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
        return response.StatusCode;
    }

    /// <summary>What /health says, also where it is not well.</summary>
    /// <param name="cancellation">Ends the request.</param>
    public async Task<(HttpStatusCode Status, JsonDocument Report)> HealthAsync(CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "health");
        using var response = await SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
        var body = await response.Content.ReadAsStringAsync(cancellation);
        try
        {
            return (response.StatusCode, JsonDocument.Parse(body));
        }
        catch (JsonException)
        {
            throw new SmokeFailure($"GET health gave {(int)response.StatusCode}, and no JSON.");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancellation)
    {
        try
        {
            return await _http.SendAsync(request, completion, cancellation);
        }
        catch (OperationCanceledException late) when (!cancellation.IsCancellationRequested)
        {
            // Nobody has cancelled it, so it is a connection that could not be made, as others that fail.
            throw new HttpRequestException($"No connection within {ConnectLimit.TotalSeconds:0} s.", late);
        }
    }

    // The detail of problem details, where the answer is one.
    private static async Task<string> DetailAsync(HttpResponseMessage response)
    {
        try
        {
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            return $": {problem.RootElement.GetProperty("detail").GetString()?.TrimEnd('.')}";
        }
        catch (Exception other) when (other is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "";
        }
    }
}
