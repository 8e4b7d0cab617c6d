using System.Globalization;
using System.Text;

namespace ChunkStream.Functions.Tests.Contract.Fuzz;

/// <summary>
/// Values for the parameters and headers that the endpoints know: valid ones, and some that programs often handle
/// wrongly. Each character stands for a byte.
/// </summary>
internal sealed class FuzzValues(Random random)
{
    // What answers have given: tokens, offsets, tags.
    private readonly List<string> _seen = [];

    private static readonly string[] Numbers =
    [
        "0", "-0", "1", "-1", "+1", "01", "1.0", "1e3", "0x10", " 1", "1 ", "2147483647", "2147483648", "-2147483648",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "9007199254740992",
        "18446744073709551616", "99999999999999999999999999", "NaN", "Infinity", "-Infinity", "1e400", "1_000",
        "1,000", "\u00d9\u00a3",
    ];

    private static readonly string[] Words =
    [
        "", " ", "*", "null", "true", "false", "undefined", "now", "-1", "end", "{}", "[]", "\"", "'",
        "';select pg_sleep(9)--", "a;b", "a,b", "a=b", "\\", "%", "%s%n", "%00", "../../etc/passwd", "${7*7}",
        "<script>", "gzip", "ndjson", "json", "sse", "csv", "text", "frames", "NDJSON", "long-poll", "exact",
        "2030-01-31T12:00:00Z", "0001-01-01", "infinity", "294277-01-01", "{1,2", "[1,2)", "empty", "1d", "Z",
    ];

    // As bytes: NUL, controls, a lone surrogate, an overlong slash, a cut sequence, a BOM, text that turns direction,
    // an emoji.
    private static readonly string[] Bytes =
    [
        "\0", "a\0b", "\t", "\x1b[2J", "\x7f", "\u00ed\u00a0\u0080", "\u00c0\u00af", "\u00e2\u0082", "\u00ff\u00fe",
        "\u00ef\u00bb\u00bf", "\u00e2\u0080\u00ae", "\u00f0\u009f\u0098\u0080", "\u00c3\u00a9", "\u00e2\u0080\u00a8",
        "\r\nX-Injected: 1", "\n", "\r",
    ];

    private static readonly string[] MediaTypes =
    [
        "application/json", "application/x-ndjson", "text/event-stream", "text/plain", "text/csv", "*/*", "text/*",
        "application/jsonl", "application/ndjson", "text/plain; charset=utf-8", "text/plain; x=\"\u00c3\u00a9\"",
        "text/plain;", "text/plain; charset=", "text", "text/", "/", "a/b/c", "text/plain, text/html", "*/*;q=0",
        "text/csv;q=2", "text/csv;q=-1", "text/csv;q=0.0001", "text/csv; q=0.5; q=1", "application/json;q=NaN",
        "text/html,application/xhtml+xml;q=0.9", "application/*+json", "application/problem+json",
    ];

    public bool Chance(int percent) => random.Next(100) < percent;

    public T OneOf<T>(params IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    public string Number() => OneOf(Numbers);

    public string Small() => random.Next(1, 50).ToString(CultureInfo.InvariantCulture);

    public string MediaType() => OneOf(MediaTypes);

    /// <summary>Remembers what an answer gave.</summary>
    public void Saw(string value)
    {
        if (value.Length is > 0 and < 4000 && !_seen.Contains(value))
            _seen.Insert(0, value);
        if (_seen.Count > 20)
            _seen.RemoveAt(20);
    }

    /// <summary>A value from an answer, sometimes changed.</summary>
    public string Seen()
    {
        var value = _seen.Count == 0 ? "0000000000000000001" : OneOf(_seen);
        return Chance(50) ? value : Mutated(value, 1);
    }

    /// <summary>Any value.</summary>
    public string Nasty() => random.Next(6) switch
    {
        0 => Number(),
        1 => Words[random.Next(Words.Length)],
        2 => Bytes[random.Next(Bytes.Length)],
        3 => Seen(),
        4 => new string(OneOf('x', '9', '[', '\u00e4', ','), OneOf(70, 1025, 5000, 10_000)),
        _ => Mutated(OneOf(Words) + OneOf(Bytes) + OneOf(Numbers), 2),
    };

    /// <summary>The text with some bytes changed, removed, inserted or doubled.</summary>
    public string Mutated(string text, int times)
    {
        for (var time = 0; time < times && text.Length > 0; time++)
        {
            var at = random.Next(text.Length);
            text = random.Next(4) switch
            {
                0 => string.Concat(text.AsSpan(0, at), Byte(), text.AsSpan(at + 1)),
                1 => text.Remove(at, Math.Min(random.Next(1, 5), text.Length - at)),
                2 => text.Insert(at, Byte()),
                _ => text.Insert(at, text.Substring(at, Math.Min(random.Next(1, 20), text.Length - at))),
            };
        }

        return text;
    }

    /// <summary>A number of random bytes.</summary>
    public string Garbage(int length) => string.Concat(Enumerable.Range(0, length).Select(_ => Byte()));

    /// <summary>A JSON text, whole or broken.</summary>
    public string Json()
    {
        var sound = OneOf(
            "1", "null", "\"a\"", "[]", "{}", "[1,2,3]", "{\"a\":[1,{\"b\":null}]}", "[[1],[2]]",
            "\"\\ud800\"", "1e999", "{\"a\":1,\"a\":2}", "[\"\\u0000\"]");
        return random.Next(6) switch
        {
            0 => "",
            1 => Mutated(sound, 2),
            2 => new string('[', OneOf(70, 1000, 100_000)),
            3 => $"[{string.Join(',', Enumerable.Repeat(sound, OneOf(2, 100, 5000)))}]",
            4 => OneOf(Bytes),
            _ => sound,
        };
    }

    /// <summary>Bytes of UTF-8, each as a character.</summary>
    public static string Utf8(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private string Byte() => ((char)random.Next(256)).ToString();
}
