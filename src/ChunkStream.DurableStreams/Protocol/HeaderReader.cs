using System.Globalization;
using System.Text;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// Reads the headers of one request and collects every mistake, so that a client hears of all of them at once.
/// </summary>
internal sealed class HeaderReader(IHeaderDictionary headers)
{
    // What JavaScript can count to.
    private const long MaxSafeInteger = (1L << 53) - 1;

    // A hundred years: enough for anyone, and a time that the database can add to now.
    private const long MaxTtlSeconds = 100L * 365 * 24 * 3600;

    // The database keeps them, and compares them at each append.
    private const int MaxNameBytes = 1024;
    private const int MaxContentTypeLength = 255;

    /// <summary>The one content coding that is taken.</summary>
    public const string Identity = "identity";

    private const StringSplitOptions Listed = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;

    private readonly List<ParameterError> _errors = [];

    /// <summary>What is wrong with the headers that were read so far, or null.</summary>
    public Problem? Problem() => _errors.Count == 0 ? null : DurableProblems.InvalidHeaders(_errors);

    /// <summary>Refuses the request if there are mistakes.</summary>
    /// <exception cref="ProblemException">There are: 400.</exception>
    public void ThrowIfMistaken()
    {
        if (Problem() is { } problem)
            throw new ProblemException(problem);
    }

    /// <summary>Adds a mistake that the caller found.</summary>
    public void Refuse(string name, string detail) => _errors.Add(new ParameterError(name, detail));

    /// <summary>A header's value, or null where it is not given.</summary>
    public string? Text(string name)
    {
        if (!headers.TryGetValue(name, out var values) || values.Count == 0)
            return null;

        if (values.Count > 1)
            Refuse(name, $"{name} is given {values.Count} times; give it once.");
        return values[0]?.Trim(' ', '\t') ?? "";
    }

    /// <summary>A media type as it was given, or null where it was not.</summary>
    public string? ContentType()
    {
        if (Text(HeaderNames.ContentType) is not { Length: > 0 } text)
            return null;

        if (text.Length > MaxContentTypeLength || !ContentTypes.IsHeader(text)
            || !MediaTypeHeaderValue.TryParse(text, out var type) || type.MatchesAllSubTypes)
            Refuse(HeaderNames.ContentType,
                $"Content-Type must be a media type of at most {MaxContentTypeLength} visible ASCII characters, "
                + $"such as application/json, but is '{Shortened(text)}'.");
        return text;
    }

    /// <summary>Whether <c>Stream-Closed</c> is true: anything else counts as if it were not there.</summary>
    public bool IsClosed()
        => ProtocolHeaders.True.Equals(Text(ProtocolHeaders.Closed), StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Refuses a body that is compressed, for example: it would be stored as it is, and its readers would not be told.
    /// </summary>
    /// <exception cref="ProblemException">It is encoded: 415.</exception>
    public void ThrowIfEncoded()
    {
        if (IsEncoded())
            throw new ProblemException(DurableProblems.EncodedBody);
    }

    /// <summary>Whether the body has a content coding other than identity.</summary>
    public bool IsEncoded()
    {
        foreach (var codings in headers.ContentEncoding)
        {
            foreach (var coding in (codings ?? "").Split(',', Listed))
            {
                if (!coding.Equals(Identity, StringComparison.OrdinalIgnoreCase))
                    return true;
            }
        }

        return false;
    }

    /// <summary>When the stream shall expire: one of the two, or neither.</summary>
    public (long? TtlSeconds, DateTimeOffset? ExpiresAt) Expiry()
    {
        var ttl = Text(ProtocolHeaders.Ttl) is { } seconds ? Ttl(seconds) : null;
        var expiresAt = Text(ProtocolHeaders.ExpiresAt) is { } moment ? ExpiresAt(moment) : null;
        if (ttl is not null && expiresAt is not null)
            Refuse(ProtocolHeaders.Ttl, "Stream-TTL and Stream-Expires-At exclude each other: give one.");
        return (ttl, expiresAt);
    }

    /// <summary>The writer's place in its own sequence, or null.</summary>
    public string? Sequence()
    {
        var sequence = Text(ProtocolHeaders.Sequence);
        if (sequence is not null)
            CheckName(ProtocolHeaders.Sequence, sequence);
        return sequence;
    }

    /// <summary>Which append of an idempotent producer it is, or null.</summary>
    public ProducerPosition? Producer()
    {
        var id = Text(ProtocolHeaders.ProducerId);
        var epoch = Text(ProtocolHeaders.ProducerEpoch);
        var sequence = Text(ProtocolHeaders.ProducerSequence);
        if (id is null && epoch is null && sequence is null)
            return null;

        if (id is null || epoch is null || sequence is null)
        {
            Refuse(ProtocolHeaders.ProducerId,
                "Producer-Id, Producer-Epoch and Producer-Seq belong together: give all of them, or none.");
            return null;
        }

        CheckName(ProtocolHeaders.ProducerId, id);
        return new ProducerPosition(
            id, Number(ProtocolHeaders.ProducerEpoch, epoch), Number(ProtocolHeaders.ProducerSequence, sequence));
    }

    /// <summary>Where the stream shall branch off, or null.</summary>
    /// <param name="root">What stands before a stream's path in a URL's path, with its last slash.</param>
    public ForkPoint? Fork(string root)
    {
        var source = Text(ProtocolHeaders.ForkedFrom);
        var offset = Text(ProtocolHeaders.ForkOffset);
        var subOffset = Text(ProtocolHeaders.ForkSubOffset);
        if (source is null)
        {
            string[] needy = [ProtocolHeaders.ForkOffset, ProtocolHeaders.ForkSubOffset];
            foreach (var name in needy.Where(headers.ContainsKey))
                Refuse(name, $"{name} says where to fork off a stream: it needs Stream-Forked-From.");
            return null;
        }

        return new ForkPoint(
            SourcePath(source, root),
            offset is null ? null : Offset(offset),
            subOffset is null ? 0 : SubOffset(subOffset));
    }

    private long? Ttl(string text)
    {
        if (Integer(text, MaxTtlSeconds) is { } seconds && IsCanonical(text))
            return seconds;

        Refuse(ProtocolHeaders.Ttl, string.Create(CultureInfo.InvariantCulture,
            $"Stream-TTL must be a whole number of seconds from 0 to {MaxTtlSeconds}, in digits without a leading "
            + $"zero, but is '{Shortened(text)}'."));
        return null;
    }

    private DateTimeOffset? ExpiresAt(string text)
    {
        if (Rfc3339.TryParse(text, out var moment))
            return moment;

        Refuse(ProtocolHeaders.ExpiresAt,
            $"Stream-Expires-At must be a time as RFC 3339 has it, such as 2030-01-31T12:00:00Z, but is "
            + $"'{Shortened(text)}'.");
        return null;
    }

    private long Number(string name, string text)
    {
        if (Integer(text, MaxSafeInteger) is { } number)
            return number;

        Refuse(name, string.Create(CultureInfo.InvariantCulture,
            $"{name} must be a whole number from 0 to {MaxSafeInteger}, in digits, but is '{Shortened(text)}'."));
        return 0;
    }

    private long SubOffset(string text)
    {
        if (Integer(text, MaxSafeInteger) is { } number && IsCanonical(text))
            return number;

        Refuse(ProtocolHeaders.ForkSubOffset,
            $"Stream-Fork-Sub-Offset must be a whole number from 0 on, in digits without a leading zero, but is "
            + $"'{Shortened(text)}'.");
        return 0;
    }

    private long? Offset(string text)
    {
        if (DurableOffset.TryParse(text, out var position))
            return position;

        Refuse(ProtocolHeaders.ForkOffset,
            $"Stream-Fork-Offset must be a Stream-Next-Offset that this server gave, but is '{Shortened(text)}'.");
        return null;
    }

    private string SourcePath(string text, string root)
    {
        // As it stands in the stream's URL; or as it is named to those who see no more of the URL.
        var path = Uri.UnescapeDataString(text);
        path = path.StartsWith(root, StringComparison.OrdinalIgnoreCase) ? path[root.Length..]
            : path.StartsWith('/') ? path[1..]
            : path;
        if (DurablePath.Check(path) is { } problem)
            Refuse(ProtocolHeaders.ForkedFrom,
                $"Stream-Forked-From must be the path of a stream's URL, such as {root}orders/42. {problem.Detail}");
        return path;
    }

    private void CheckName(string name, string text)
    {
        if (text.Length == 0 || Encoding.UTF8.GetByteCount(text) > MaxNameBytes || text.Any(char.IsControl))
            Refuse(name, string.Create(CultureInfo.InvariantCulture,
                $"{name} must be a text of 1 to {MaxNameBytes} bytes, without control characters."));
    }

    // Looks for digits itself: .NET passes over null characters that follow a number.
    private static long? Integer(string text, long max)
        => !text.AsSpan().ContainsAnyExceptInRange('0', '9')
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= max
            ? value : null;

    private static bool IsCanonical(string text) => text.Length == 1 || text[0] != '0';

    // A mistake is quoted in the answer, but not a megabyte of it.
    private static string Shortened(string text) => BoundedText.Cut(text, 64);
}
