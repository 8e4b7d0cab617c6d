namespace ChunkStream.Functions.Tests.Contract.Fuzz;

/// <summary>Makes invalid HTTP, from a valid request or from nothing.</summary>
internal sealed class RawMaker(Random random, FuzzValues values, RequestMaker requests)
{
    // What a browser sends to a server that it takes for an HTTPS server.
    private const string ClientHello = "\x16\x03\x01\x02\x00\x01\x00\x01\u00fc\x03\x03";

    private static readonly string[] Openings =
    [
        "GET /api/lines\r\n", "GET /api/lines?count=1 HTTP/0.9\r\n\r\n", "GET / HTTP/3.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ClientHello,
    ];

    private static readonly string[] Lines =
    [
        "no colon", "Space : x", " folded: x", "X: a\r\n b", "X: a\0b", ": x", "X\x01: y", "X: \u00ff",
        "Host: a\r\nHost: b", "Content-Length: -1", "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 99999999999999999999", "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: xchunked",
        "Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        "Expect: 100-continue\r\nContent-Length: 10",
    ];

    private static readonly string[] Chunks =
    [
        "5\r\nabc\r\n0\r\n\r\n", "3\r\nabcdef\r\n0\r\n\r\n", "-1\r\n", "zz\r\n", "ffffffffffffffff\r\na",
        "80000000\r\na", "3;a=b\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", "0\r\n", "\r\n",
    ];

    private static readonly string[] Lengths = ["10", "100000", "9223372036854775807", "1"];

    /// <summary>The next one.</summary>
    public FuzzRequest Next()
    {
        var sound = requests.Next();
        var text = sound.Text;
        var headEnd = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var (line, head) = (text[..text.IndexOf("\r\n", StringComparison.Ordinal)], text[..headEnd]);
        string[] methods = [];
        var raw = random.Next(14) switch
        {
            0 => values.Mutated(head, random.Next(1, 9)) + text[headEnd..],
            1 => text[..random.Next(text.Length)],
            2 => $"{head}\r\nTransfer-Encoding: chunked\r\n\r\n{values.OneOf(Chunks)}",
            3 => $"{head}\r\nContent-Length: {values.OneOf(Lengths)}\r\n\r\nabc",
            4 or 5 => Pipeline(ref methods),
            6 => values.Garbage(random.Next(1, 2000)),
            7 => values.OneOf(Openings),
            8 or 9 => text.Insert(headEnd, "\r\n" + values.OneOf(Lines)),
            10 => text.Replace("\r\n", values.OneOf("\n", "\r", "\r\r\n", "\n\n"), StringComparison.Ordinal),
            11 => values.Mutated(line, 3) + text[line.Length..],
            12 => $"{line}\r\nHost: localhost\r\nX-Long: {new string('x', values.OneOf(9_000, 40_000, 200_000))}\r\n"
                + "Connection: close\r\n\r\n",
            _ => "\r\n\r\n" + text,
        };
        return new FuzzRequest(raw, methods)
        {
            IsBroken = true,
            // The client must end the connection itself: the request may be incomplete, and the server may keep the
            // connection.
            Leaving = values.OneOf(
                Leaving.AfterHalfClose, Leaving.AfterHalfClose, Leaving.AfterHalfClose, Leaving.AtOnce,
                Leaving.AfterSilence),
        };
    }

    private string Pipeline(ref string[] methods)
    {
        var all = Enumerable.Range(0, random.Next(2, 6)).Select(_ => requests.Next()).ToArray();
        methods = [.. all.Select(request => request.Methods[0])];
        var kept = all[..^1]
            .Select(request => request.Text.Replace("Connection: close\r\n", "", StringComparison.Ordinal));
        return string.Concat(kept) + all[^1].Text;
    }
}
