using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ChunkStream.Functions.Tests.Contract.Fuzz;

/// <summary>What a client sends on one connection, byte for byte, and what it does then.</summary>
/// <param name="Text">The bytes, each as the character of its number.</param>
/// <param name="Methods">The methods of the requests in it, one after another.</param>
internal sealed partial record FuzzRequest(string Text, params string[] Methods)
{
    /// <summary>
    /// Whether this may be no valid HTTP. The server may then refuse it without a body, or close without an answer.
    /// </summary>
    public bool IsBroken { get; init; }

    /// <summary>How the client ends it.</summary>
    public Leaving Leaving { get; init; }

    /// <summary>The same request with HEAD instead of GET, if the two answers are to be compared.</summary>
    public FuzzRequest? Head { get; init; }

    /// <summary>The bytes.</summary>
    public byte[] Bytes => Encoding.Latin1.GetBytes(Text);

    /// <summary>A command for bash: <c>printf '…' | nc localhost 7071</c> sends the request again.</summary>
    public override string ToString()
    {
        const int Most = 4000;
        var line = LongRun().Replace(Text, run => $"\0{run.Value[0]}{run.Length}\0");
        var escaped = string.Concat((line.Length <= Most ? line : line[..Most]).Select(Escaped));
        escaped = EscapedRun().Replace(
            escaped, run => $"'$(printf '{run.Groups["character"]}%.0s' {{1..{run.Groups["length"]}}})'");
        return line.Length <= Most
            ? $"printf '{escaped}' ({Leaving})"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"printf '{escaped}' … and {line.Length - Most} bytes more ({Leaving})");
    }

    private static string Escaped(char character) => character switch
    {
        '\r' => @"\r",
        '\n' => @"\n",
        '\\' => @"\\",
        '%' => "%%",
        >= ' ' and <= '~' and not '\'' => character.ToString(),
        _ => string.Create(CultureInfo.InvariantCulture, $@"\x{(int)character:x2}"),
    };

    [GeneratedRegex(@"([a-z0-9\[,])\1{60,}", RegexOptions.CultureInvariant)]
    private static partial Regex LongRun();

    [GeneratedRegex(
        @"\\x00(?<character>[a-z0-9\[,])(?<length>\d+)\\x00",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex EscapedRun();
}

/// <summary>What a client does after it has sent its request.</summary>
internal enum Leaving
{
    /// <summary>It reads to the end.</summary>
    AfterAll,

    /// <summary>It says that it will send no more, and reads to the end.</summary>
    AfterHalfClose,

    /// <summary>It reads some of the answer, and closes.</summary>
    AfterSome,

    /// <summary>It resets the connection at once.</summary>
    AtOnce,

    /// <summary>It keeps silent for a moment, and closes.</summary>
    AfterSilence,
}
