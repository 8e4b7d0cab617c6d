using System.Globalization;
using ChunkStream.App;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Contract.Fuzz;

/// <summary>
/// Makes requests to all endpoints. They are well-formed HTTP, with parameters and headers that the endpoints know and
/// values that nobody expects. A seed always makes the same requests, except for tokens and offsets, which come from
/// the server's answers.
/// </summary>
/// <param name="random">The seeded chance.</param>
/// <param name="values">Values from it.</param>
/// <param name="streams">What the names of the seed's own streams begin with: then no other seed changes what an answer
/// is.</param>
/// <param name="key">The host's function key, or null.</param>
internal sealed class RequestMaker(Random random, FuzzValues values, string streams, string? key)
{
    private static readonly string[] Methods =
    [
        .. Enumerable.Repeat("GET", 10), .. Enumerable.Repeat("PUT", 4), .. Enumerable.Repeat("POST", 6), "HEAD",
        "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "BREW", "CONNECT",
    ];

    private static readonly IReadOnlyList<StreamEndpoint> Endpoints = LocalApi.TestApp().Endpoints().All;

    // The endpoints with the most code behind them.
    private static readonly StreamEndpoint[] Deep =
        [.. Endpoints.Where(endpoint => endpoint.Name is "streams" or "query" or "public-query" or "public-shape")];

    private static readonly string[] Files =
        ["", "index.html", "missing.js", "../index.html", "%2e%2e/host.json", "a/b", "index.html/"];

    private static readonly string[] Parameters =
    [
        "count", "intervalMs", "format", "record", "resume", "limit", "numbers", "offset", "live", "cursor", "code",
        "clientId", "lastEventId", "_", "bom", "escape", "filename", "count", "t", "n", "num", "f", "d", "ts", "j",
        "u", "a", "r", "b", "unknown", "__proto__", "",
    ];

    private static readonly string[] Headers =
    [
        "Accept", "Accept-Encoding", "Accept-Charset", "Range", "If-None-Match", "If-Match", "If-Modified-Since",
        "Last-Event-ID", "Content-Type", "Content-Encoding", "Cookie", "X-Forwarded-For", "X-Forwarded-Proto",
        "X-Forwarded-Host", "X-Forwarded-Prefix", "Forwarded", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest",
        "Origin", "x-functions-key", "Authorization", "traceparent", "Expect", "Upgrade", "X-HTTP-Method-Override",
        "Access-Control-Request-Method", "Stream-TTL", "Stream-Expires-At", "Stream-Seq", "Stream-Closed",
        "Stream-Forked-From", "Stream-Fork-Offset", "Stream-Fork-Sub-Offset", "Producer-Id", "Producer-Epoch",
        "Producer-Seq",
    ];

    // What the server refuses by itself.
    private static readonly string[] BrokenHosts = ["[::1", "a,b"];
    private const int MostLineBytes = 32 * 1024;

    /// <summary>The next one.</summary>
    public FuzzRequest Next()
    {
        var endpoint = values.Chance(50) ? values.OneOf(Endpoints) : values.OneOf(Deep);
        var method = values.Chance(60) ? values.OneOf(endpoint.Methods) : values.OneOf(Methods);
        var target = Target(endpoint);
        var lines = Lines(endpoint, method, out var body);
        var version = values.Chance(90) ? "1.1" : "1.0";
        var request = new FuzzRequest($"{method} {target} HTTP/{version}\r\n{lines}\r\n{body}", method)
        {
            Leaving = values.Chance(80) ? Leaving.AfterAll : values.OneOf(Enum.GetValues<Leaving>()),
            IsBroken = IsBroken(method, target, lines),
        };
        return method == "GET" && body.Length == 0 && request.Leaving is Leaving.AfterAll && values.Chance(25)
            ? request with
            {
                Head = new FuzzRequest($"HEAD {target} HTTP/{version}\r\n{lines}\r\n", "HEAD")
                {
                    IsBroken = request.IsBroken,
                },
            }
            : request;
    }

    private static bool IsBroken(string method, string target, string lines)
        => method == "CONNECT" || target.Length > MostLineBytes || target.Contains("%00", StringComparison.Ordinal)
            || !(target.StartsWith('/')
                || (target.StartsWith("http://localhost/", StringComparison.Ordinal)
                    && lines.StartsWith("Host: localhost\r\n", StringComparison.Ordinal)))
            || HasControls(target) || HasControls(lines.Replace("\r\n", "", StringComparison.Ordinal))
            || BrokenHosts.Any(host => lines.StartsWith($"Host: {host}\r\n", StringComparison.Ordinal));

    private static bool HasControls(string text) => text.Any(character => character is < ' ' or > '~');

    private string Target(StreamEndpoint endpoint)
    {
        var path = "/api/" + endpoint.Route
            .Replace(
                "{name}",
                values.OneOf("series", "types", "types", "keyed", "slow", "wide", "missing", "SERIES"),
                StringComparison.Ordinal)
            .Replace(
                "{*path}",
                endpoint.Name == EndpointTable.UiRoute ? values.OneOf(Files) : StreamName(),
                StringComparison.Ordinal);
        if (values.Chance(10))
            path = NearMiss(path);

        var parameters = Enumerable.Range(0, values.Chance(30) ? 0 : random.Next(4))
            .Select(_ => Parameter(values.OneOf(Parameters)));
        // Without this, a second passes between two chunks.
        if (endpoint.Route is "lines" or "messages" && values.Chance(80))
            parameters = parameters.Prepend("intervalMs=0").Prepend($"count={values.OneOf("1", "10", "10000")}");
        if (endpoint.Route.StartsWith(EndpointTable.StreamPrefix, StringComparison.Ordinal) && values.Chance(50))
            parameters = parameters.Prepend("offset=-1").Prepend($"live={values.OneOf("sse", "long-poll")}");
        if (key is not null && values.Chance(20))
            parameters = parameters.Append("code=" + key);
        var query = string.Join('&', parameters);
        return query.Length == 0 ? path : $"{path}?{query}";
    }

    private string StreamName() => $"{streams}/{values.OneOf("a", "b", "c/d", "%C3%A9")}";

    private string NearMiss(string path) => random.Next(9) switch
    {
        0 => path.ToUpperInvariant(),
        1 => path.Replace("/api", "//api/", StringComparison.Ordinal),
        2 => path + values.OneOf(
            "/", "//", "/.", "/..", "/../../x", ";a", "%2f", "%00", "%", "%zz", "%ff", "%ed%a0%80", "\\", "#a", "*"),
        3 => path + "/" + new string('x', values.OneOf(1100, 9000, 40_000)),
        4 => path[..random.Next(1, path.Length)],
        5 => "http://localhost" + path,
        6 => string.Concat(path.Select(character => character == '/'
            ? "/"
            : string.Create(CultureInfo.InvariantCulture, $"%{(int)character:x2}"))),
        7 => "/" + Encoded(values.Nasty(), all: false),
        _ => Encoded(values.Mutated(path, 2), all: false),
    };

    private string Parameter(string name)
    {
        var value = values.Chance(50) ? values.Nasty() : name switch
        {
            "format" => values.OneOf("ndjson", "json", "sse", "csv", "text", "frames"),
            "record" => streams.Replace('/', '-'),
            "resume" or "offset" or "lastEventId" or "cursor" => values.Seen(),
            "live" => values.OneOf("sse", "long-poll"),
            "numbers" => "exact",
            _ => values.Chance(50) ? values.Small() : values.Number(),
        };
        var pair = $"{Encoded(name, all: false)}={Encoded(value, all: values.Chance(10))}";
        return values.Chance(5) ? $"{pair}&{pair}" : pair;
    }

    // Percent-encodes as browsers do, and also leaves some characters that browsers would encode.
    private static string Encoded(string text, bool all) => string.Concat(text.Select(character =>
        !all && (char.IsAsciiLetterOrDigit(character)
            || "-_.~/:,;=*'()[]{}\"\\".Contains(character, StringComparison.Ordinal))
            ? character.ToString()
            : string.Create(CultureInfo.InvariantCulture, $"%{(int)character:X2}")));

    private string Lines(StreamEndpoint endpoint, string method, out string body)
    {
        var lines = new List<string> { "Host: localhost", "Connection: close" };
        if (values.Chance(3))
            lines[0] = "Host: " + values.OneOf(
                "", "evil.example.org", "localhost:0", "localhost:99999", "LOCALHOST", "127.0.0.1",
                values.OneOf(BrokenHosts));
        if (key is not null && values.Chance(85))
            lines.Add("x-functions-key: " + key);
        if (method is "PUT" or "POST" && values.Chance(90))
            lines.Add("Content-Type: " + (values.Chance(75)
                ? values.OneOf("application/json", "text/plain", "application/octet-stream")
                : values.MediaType()));
        if (endpoint.Name == "streams" && method == "POST" && values.Chance(30))
            lines.AddRange(
            [
                "Producer-Id: p", "Producer-Epoch: " + values.Small(),
                "Producer-Seq: " + (values.Chance(50) ? "0" : values.Small()),
            ]);
        if (endpoint.Name == "streams" && method == "PUT" && values.Chance(20))
            lines.AddRange(
                [$"Stream-Forked-From: /api/streams/{StreamName()}", "Stream-Fork-Offset: " + values.Seen()]);

        var count = values.Chance(2) ? 120 : random.Next(4);
        for (var number = 0; number < count; number++)
            lines.Add(Header(values.OneOf(Headers)));

        body = method is "GET" or "HEAD" && values.Chance(97)
            ? ""
            : values.Chance(90) ? values.Json() : values.Garbage(values.OneOf(1, 100, 20_000));
        if (body.Length > 0 || method is "PUT" or "POST")
            lines.Add(values.Chance(75) ? $"Content-Length: {body.Length}" : "Transfer-Encoding: chunked");
        if (lines[^1].StartsWith("Transfer", StringComparison.Ordinal))
            body = Chunked(body);
        return string.Concat(lines.Select(line => line + "\r\n"));
    }

    private string Header(string name) => $"{name}: " + name switch
    {
        _ when values.Chance(40) => Field(values.Nasty()),
        "Accept" or "Content-Type" => values.MediaType(),
        "Accept-Encoding" => values.OneOf(
            "gzip", "br", "gzip;q=0", "*", "*;q=0", "identity;q=0, *;q=0", "gzip, br;q=0.1", "zstd", "gzip;q=x"),
        "Content-Encoding" => values.OneOf("gzip", "identity", "br", ""),
        "Range" => values.OneOf("bytes=0-", "bytes=5-1", "bytes=-9223372036854775808", "rows=1-2", "bytes=0-0,1-1,2-2"),
        "If-None-Match" or "If-Match" => values.OneOf("*", "\"a\"", "W/\"a\"", values.Seen(), "a, b"),
        "Last-Event-ID" or "Stream-Fork-Offset" or "Stream-Seq" => values.Seen(),
        "Sec-Fetch-Site" => values.OneOf("same-origin", "cross-site", "none", "same-site", "x"),
        "Sec-Fetch-Mode" => values.OneOf("navigate", "no-cors", "cors", "websocket"),
        "Sec-Fetch-Dest" => values.OneOf("document", "script", "image", "empty", "worker", "iframe"),
        "Origin" => values.OneOf("null", "http://localhost", "https://evil.example.org", "x"),
        "x-functions-key" => Field(values.Mutated(key ?? "k", 1)),
        "Stream-TTL" => values.OneOf("60", "1", "3153600000", values.Number()),
        "Stream-Closed" => values.OneOf("true", "TRUE", "false", "1"),
        "Stream-Forked-From" => values.OneOf(
            $"/{StreamName()}", $"/api/streams/{StreamName()}", "//x", "http://localhost/api/streams/a"),
        "Expect" => values.OneOf("100-continue", "x"),
        "Upgrade" => values.OneOf("websocket", "h2c"),
        _ => values.Number(),
    };

    // Line breaks are taken out: a value with one would become two fields.
    private static string Field(string value)
        => value.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);

    private string Chunked(string body)
    {
        var size = values.OneOf(1000, 7, 100_000);
        var chunks = body.Length > 10_000 ? body.Chunk(100_000) : body.Chunk(size);
        var coded = chunks.Select(chunk
            => string.Create(CultureInfo.InvariantCulture, $"{chunk.Length:x}\r\n{new string(chunk)}\r\n"));
        return string.Concat(coded) + "0\r\n\r\n";
    }
}
