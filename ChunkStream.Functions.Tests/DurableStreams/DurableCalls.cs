using System.Text;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>Short forms of the protocol's calls for tests.</summary>
internal static class DurableCalls
{
    private static int _count;

    /// <summary>A path that no other test uses.</summary>
    public static string NewPath() => $"tests/{Guid.NewGuid():n}/{Interlocked.Increment(ref _count)}";

    public static Task<HttpResponseMessage> PutAsync(
        this LocalApi api, string path, string? contentType = null, string? body = null,
        params (string Name, string Value)[] headers)
        => api.SendAsync(
            HttpMethod.Put, path, contentType, body is null ? null : Encoding.UTF8.GetBytes(body), headers);

    public static Task<HttpResponseMessage> PostAsync(
        this LocalApi api, string path, string? contentType = null, string? body = null,
        params (string Name, string Value)[] headers)
        => api.SendAsync(
            HttpMethod.Post, path, contentType, body is null ? null : Encoding.UTF8.GetBytes(body), headers);

    public static async Task<HttpResponseMessage> SendAsync(
        this LocalApi api, HttpMethod method, string path, string? contentType, byte[]? body,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, Url(path));
        if (body is not null || contentType is not null)
            request.Content = new ByteArrayContent(body ?? []);
        if (contentType is not null)
            Assert.True(request.Content!.Headers.TryAddWithoutValidation("Content-Type", contentType));
        foreach (var (name, value) in headers)
            Assert.True(
                request.Headers.TryAddWithoutValidation(name, value)
                    || request.Content!.Headers.TryAddWithoutValidation(name, value),
                name);
        return await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();
    }

    /// <summary>Reads a part of a stream.</summary>
    public static Task<HttpResponseMessage> ReadAsync(
        this LocalApi api, string path, string query = "", params (string Name, string Value)[] headers)
        => api.SendAsync(HttpMethod.Get, path + query, contentType: null, body: null, headers);

    /// <summary>Reads all of a stream's content.</summary>
    public static async Task<string> TextAsync(this LocalApi api, string path, string query = "")
    {
        using var response = await api.ReadAsync(path, query);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadAsStringAsync().Within();
    }

    /// <summary>Creates a stream; fails if it can't be created.</summary>
    public static async Task<string> CreateAsync(
        this LocalApi api, string contentType, string? body = null, params (string Name, string Value)[] headers)
    {
        var path = NewPath();
        using var response = await api.PutAsync(path, contentType, body, headers);
        Assert.True((int)response.StatusCode == 201, await response.Content.ReadAsStringAsync());
        return path;
    }

    /// <summary>Appends, and returns the new tail.</summary>
    public static async Task<string> AppendAsync(
        this LocalApi api, string path, string contentType, string body, params (string Name, string Value)[] headers)
    {
        using var response = await api.PostAsync(path, contentType, body, headers);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return response.Header("Stream-Next-Offset")!;
    }

    /// <summary>A header's value as it was sent, or null.</summary>
    public static string? Header(this HttpResponseMessage response, string name)
        => response.Headers.NonValidated.TryGetValues(name, out var values)
            || response.Content.Headers.NonValidated.TryGetValues(name, out values)
            ? values.ToString()
            : null;

    /// <summary>The offset that names a position.</summary>
    public static string Offset(long position)
        => position.ToString("D19", System.Globalization.CultureInfo.InvariantCulture);

    private static string Url(string path) => path.StartsWith('/') ? path : "/api/streams/" + path;
}
