using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using ChunkStream.Postgres.Keys;

namespace ChunkStream.Postgres.Resuming;

/// <summary>
/// The tokens by which a client resumes a keyed query after a row that it has: the position, and a signature over it,
/// over the query and over all that chooses its rows. The format is not part of it: a stream may be resumed in another
/// one.
/// </summary>
/// <remarks>
/// In base64url: 1 byte version, 8 bytes fingerprint of the query's file, 8 bytes fingerprint of the choice of rows,
/// the rows so far (varint), for each column of the key the length of its text (varint) and the text; where the stream
/// is traced, a byte 255, 16 bytes trace id and 8 bytes span id of its first request; then 8 bytes signature. That is
/// SipHash over all of it, by a key of the stream's own: the first 16 bytes of the HMAC-SHA256 of the query's name and
/// the first 17 bytes of the token, by the secret. One for each stream; not thread-safe.
/// </remarks>
internal sealed class ResumeTokens
{
    private const byte Version = 1;
    private const int FingerprintBytes = 8;
    private const int HeaderBytes = 1 + FingerprintBytes + FingerprintBytes;
    private const int SignatureBytes = sizeof(ulong);
    private const int MaxVarint = 10;
    private const int TraceIdBytes = 16;
    private const int SpanIdBytes = 8;
    private const int OriginBytes = 1 + TraceIdBytes + SpanIdBytes;

    // No column can begin so with as few bytes to follow: as a length it stands for 255 and more.
    private const byte OriginMark = 0xFF;

    private readonly byte[] _secret;
    private readonly byte[] _name;
    private readonly byte[] _key;
    private byte[] _bytes = new byte[128];
    private byte[] _token = new byte[192];

    /// <param name="secret">The secret that signs the tokens, at least 32 bytes.</param>
    /// <param name="name">The query's name.</param>
    /// <param name="file">The text of the query's file. If it changes, tokens from before are refused.</param>
    /// <param name="choice">Parameters and limit, in whatever spelling: what chooses the rows.</param>
    public ResumeTokens(byte[] secret, string name, string file, string choice)
    {
        _secret = secret;
        _name = SHA256.HashData(Encoding.UTF8.GetBytes(name));
        _bytes[0] = Version;
        SHA256.HashData(Encoding.UTF8.GetBytes(file)).AsSpan(0, FingerprintBytes).CopyTo(_bytes.AsSpan(1));
        SHA256.HashData(Encoding.UTF8.GetBytes(choice)).AsSpan(0, FingerprintBytes)
            .CopyTo(_bytes.AsSpan(1 + FingerprintBytes));
        _key = KeyOf(_bytes.AsSpan(0, HeaderBytes));
    }

    /// <summary>Tells apart what the tokens are bound to, but for the query's name.</summary>
    public ReadOnlySpan<byte> Fingerprint => _bytes.AsSpan(1, FingerprintBytes + FingerprintBytes);

    /// <summary>The token for a position, in ASCII. Valid until the next call.</summary>
    /// <param name="rows">How many rows the stream has had until there.</param>
    /// <param name="key">Knows the key of the last of these rows.</param>
    /// <param name="columns">How many columns the key has.</param>
    /// <param name="origin">The span with which the stream began, if the token is to name it; else null.</param>
    /// <param name="snapshot">
    /// A note of the snapshot in which the stream began, in ASCII, if the token is to have one: it counts as a column
    /// before those of the key.
    /// </param>
    public ReadOnlySpan<byte> Make(
        long rows,
        KeyTracker key,
        int columns,
        ActivityContext? origin = null,
        ReadOnlySpan<byte> snapshot = default)
    {
        var length = HeaderBytes;
        length += WriteVarint(length, (ulong)rows);
        if (!snapshot.IsEmpty)
            length = WriteText(length, snapshot);
        for (var index = 0; index < columns; index++)
            length = WriteText(length, key.Text(index));
        return Sign(length, origin);
    }

    /// <summary>The token for a place that a note of a snapshot alone tells. Valid until the next call.</summary>
    /// <param name="snapshot">The note, in ASCII.</param>
    /// <param name="origin">The span with which the stream began, if the token is to name it; else null.</param>
    public ReadOnlySpan<byte> Make(ReadOnlySpan<byte> snapshot, ActivityContext? origin)
    {
        var length = HeaderBytes + WriteVarint(HeaderBytes, 0);
        return Sign(WriteText(length, snapshot), origin);
    }

    private int WriteText(int at, ReadOnlySpan<byte> text)
    {
        Reserve(at + MaxVarint + text.Length + SignatureBytes);
        at += WriteVarint(at, (ulong)text.Length);
        text.CopyTo(_bytes.AsSpan(at));
        return at + text.Length;
    }

    private ReadOnlySpan<byte> Sign(int length, ActivityContext? origin)
    {
        if (origin is { } span)
        {
            Reserve(length + OriginBytes + SignatureBytes);
            _bytes[length++] = OriginMark;
            span.TraceId.CopyTo(_bytes.AsSpan(length, TraceIdBytes));
            span.SpanId.CopyTo(_bytes.AsSpan(length + TraceIdBytes, SpanIdBytes));
            length += TraceIdBytes + SpanIdBytes;
        }

        var signature = SipHash.Compute(_key, _bytes.AsSpan(0, length));
        BinaryPrimitives.WriteUInt64LittleEndian(_bytes.AsSpan(length), signature);
        length += SignatureBytes;
        if (_token.Length < Base64Url.GetEncodedLength(length))
            _token = new byte[Base64Url.GetEncodedLength(length) * 2];
        return _token.AsSpan(0, Base64Url.EncodeToUtf8(_bytes.AsSpan(0, length), _token));
    }

    /// <summary>Reads a token that a client gives.</summary>
    /// <param name="token">The token.</param>
    /// <param name="columns">How many columns the key has.</param>
    /// <param name="position">The position that the token holds; null unless it is valid.</param>
    public ResumeTokenState Read(string token, int columns, out KeysetPosition? position)
    {
        position = null;
        var bytes = new byte[Base64Url.GetMaxDecodedLength(token.Length)];
        if (!Base64Url.IsValid(token) || !Base64Url.TryDecodeFromChars(token, bytes, out var length)
            || length < HeaderBytes + SignatureBytes || bytes[0] != Version)
            return ResumeTokenState.Invalid;

        var signed = bytes.AsSpan(0, length - SignatureBytes);
        Span<byte> signature = stackalloc byte[SignatureBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(signature, SipHash.Compute(KeyOf(signed[..HeaderBytes]), signed));
        if (!CryptographicOperations.FixedTimeEquals(signature, bytes.AsSpan(signed.Length, SignatureBytes)))
            return ResumeTokenState.Invalid;
        if (!signed.Slice(1, FingerprintBytes).SequenceEqual(_bytes.AsSpan(1, FingerprintBytes)))
            return ResumeTokenState.OfChangedQuery;
        if (!signed[..HeaderBytes].SequenceEqual(_bytes.AsSpan(0, HeaderBytes)))
            return ResumeTokenState.OfOtherParameters;

        position = PositionOf(signed[HeaderBytes..], columns);
        return position is null ? ResumeTokenState.Invalid : ResumeTokenState.Valid;
    }

    // A valid signature proves only that the token was made with our secret, not that this server or this version made
    // it.
    private static KeysetPosition? PositionOf(ReadOnlySpan<byte> bytes, int columns)
    {
        if (!TryReadVarint(ref bytes, out var rows))
            return null;

        var values = new string[columns];
        for (var index = 0; index < columns; index++)
        {
            if (!TryReadVarint(ref bytes, out var size) || size > bytes.Length)
                return null;
            var text = bytes[..(int)size];
            if (!Utf8.IsValid(text) || text.Contains((byte)0))
                return null;
            values[index] = Encoding.UTF8.GetString(text);
            bytes = bytes[(int)size..];
        }

        return bytes.IsEmpty ? new KeysetPosition(rows, values)
            : bytes.Length == OriginBytes && bytes[0] == OriginMark
                ? new KeysetPosition(rows, values) { Origin = OriginOf(bytes[1..]) }
            : null;
    }

    // It was recorded, or no token would name it.
    private static ActivityContext OriginOf(ReadOnlySpan<byte> bytes) => new(
        ActivityTraceId.CreateFromBytes(bytes[..TraceIdBytes]),
        ActivitySpanId.CreateFromBytes(bytes[TraceIdBytes..]),
        ActivityTraceFlags.Recorded,
        isRemote: true);

    private byte[] KeyOf(ReadOnlySpan<byte> header)
        => HMACSHA256.HashData(_secret, (byte[])[.. _name, .. header])[..SipHash.KeyBytes];

    private void Reserve(int length)
    {
        if (length > _bytes.Length)
            Array.Resize(ref _bytes, length * 2);
    }

    private int WriteVarint(int at, ulong value)
    {
        var length = 0;
        for (; value >= 0x80; value >>= 7)
            _bytes[at + length++] = (byte)(value | 0x80);
        _bytes[at + length++] = (byte)value;
        return length;
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> bytes, out long value)
    {
        value = 0;
        for (var index = 0; index < bytes.Length && index < MaxVarint - 1; index++)
        {
            value |= (long)(bytes[index] & 0x7F) << (7 * index);
            if (bytes[index] < 0x80)
            {
                bytes = bytes[(index + 1)..];
                return true;
            }
        }

        return false;
    }
}

/// <summary>Whether a token is valid, and if not, why.</summary>
internal enum ResumeTokenState
{
    /// <summary>It is ours, and for this query with these parameters.</summary>
    Valid,

    /// <summary>It was never ours, was changed, or belongs to another query.</summary>
    Invalid,

    /// <summary>It is ours, and of this query, but with other parameters.</summary>
    OfOtherParameters,

    /// <summary>It is ours, but the query's file has changed since.</summary>
    OfChangedQuery,
}
