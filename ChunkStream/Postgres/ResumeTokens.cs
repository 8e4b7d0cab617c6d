using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace ChunkStream.Postgres;

/// <summary>
/// The tokens by which a client resumes a keyed query after a row that it has: the position, and a signature over it, over
/// the query and over all that chooses its rows. The format is not among that.
/// </summary>
/// <remarks>
/// In base64url: 1 byte version, 8 bytes fingerprint of the query's file, 8 bytes fingerprint of the choice of rows, the
/// rows so far (varint), for each column of the key the length of its text (varint) and the text; then the first 16 bytes
/// of the HMAC-SHA256 over the hash of the query's name and all that. One for each stream; not thread-safe.
/// </remarks>
internal sealed class ResumeTokens : IDisposable
{
    private const byte Version = 1;
    private const int FingerprintBytes = 8;
    private const int HeaderBytes = 1 + FingerprintBytes + FingerprintBytes;

    // Signed before the token's own bytes.
    private const int NameBytes = SHA256.HashSizeInBytes;

    // 128 bits: RFC 2104, section 5, asks for at least half of the hash.
    private const int SignatureBytes = 16;
    private const int MaxVarint = 10;

    private readonly IncrementalHash _signer;
    private readonly byte[] _signature = new byte[HMACSHA256.HashSizeInBytes];
    private byte[] _bytes = new byte[128];
    private byte[] _token = new byte[192];

    /// <param name="secret">The key of the signature, at least 32 bytes.</param>
    /// <param name="name">The query's name.</param>
    /// <param name="file">The query's file: its tokens end with it.</param>
    /// <param name="choice">Parameters and limit, in whatever spelling: what chooses the rows.</param>
    public ResumeTokens(ReadOnlySpan<byte> secret, string name, string file, string choice)
    {
        _signer = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        SHA256.HashData(Encoding.UTF8.GetBytes(name), _bytes);
        _bytes[NameBytes] = Version;
        SHA256.HashData(Encoding.UTF8.GetBytes(file)).AsSpan(0, FingerprintBytes).CopyTo(_bytes.AsSpan(NameBytes + 1));
        SHA256.HashData(Encoding.UTF8.GetBytes(choice)).AsSpan(0, FingerprintBytes).CopyTo(_bytes.AsSpan(NameBytes + 1 + FingerprintBytes));
    }

    /// <summary>The token for a position, in ASCII. Valid until the next call.</summary>
    /// <param name="rows">How many rows the stream has had until there.</param>
    /// <param name="key">The last of them.</param>
    /// <param name="columns">How many columns the key has.</param>
    public ReadOnlySpan<byte> Make(long rows, KeyTracker key, int columns)
    {
        var length = NameBytes + HeaderBytes;
        length += WriteVarint(length, (ulong)rows);
        for (var index = 0; index < columns; index++)
        {
            var text = key.Text(index);
            Reserve(length + MaxVarint + text.Length + SignatureBytes);
            length += WriteVarint(length, (ulong)text.Length);
            text.CopyTo(_bytes.AsSpan(length));
            length += text.Length;
        }

        Sign(_bytes.AsSpan(0, length)).CopyTo(_bytes.AsSpan(length));
        length += SignatureBytes;
        var token = _bytes.AsSpan(NameBytes, length - NameBytes);
        if (_token.Length < Base64Url.GetEncodedLength(token.Length))
            _token = new byte[Base64Url.GetEncodedLength(token.Length) * 2];
        return _token.AsSpan(0, Base64Url.EncodeToUtf8(token, _token));
    }

    /// <summary>Reads a token that a client gives.</summary>
    /// <param name="token">The token.</param>
    /// <param name="columns">How many columns the key has.</param>
    /// <param name="position">Where it stands.</param>
    public ResumeTokenState Read(string token, int columns, out KeysetPosition? position)
    {
        position = null;
        var bytes = new byte[NameBytes + Base64Url.GetMaxDecodedLength(token.Length)];
        _bytes.AsSpan(0, NameBytes).CopyTo(bytes);
        if (!Base64Url.IsValid(token) || !Base64Url.TryDecodeFromChars(token, bytes.AsSpan(NameBytes), out var length)
            || length < HeaderBytes + SignatureBytes || bytes[NameBytes] != Version)
            return ResumeTokenState.Invalid;

        var signed = bytes.AsSpan(0, NameBytes + length - SignatureBytes);
        if (!CryptographicOperations.FixedTimeEquals(Sign(signed), bytes.AsSpan(signed.Length, SignatureBytes)))
            return ResumeTokenState.Invalid;
        if (!signed.Slice(NameBytes + 1, FingerprintBytes).SequenceEqual(_bytes.AsSpan(NameBytes + 1, FingerprintBytes)))
            return ResumeTokenState.OfChangedQuery;
        if (!signed[..(NameBytes + HeaderBytes)].SequenceEqual(_bytes.AsSpan(0, NameBytes + HeaderBytes)))
            return ResumeTokenState.OfOtherParameters;

        // It is one of ours, and of this very stream: what follows has the form that we gave it.
        var rest = (ReadOnlySpan<byte>)signed[(NameBytes + HeaderBytes)..];
        var rows = (long)ReadVarint(ref rest);
        var values = new string[columns];
        for (var index = 0; index < columns; index++)
        {
            var size = (int)ReadVarint(ref rest);
            values[index] = Encoding.UTF8.GetString(rest[..size]);
            rest = rest[size..];
        }

        position = new KeysetPosition(rows, values);
        return ResumeTokenState.Valid;
    }

    /// <inheritdoc />
    public void Dispose() => _signer.Dispose();

    private ReadOnlySpan<byte> Sign(ReadOnlySpan<byte> signed)
    {
        _signer.AppendData(signed);
        _signer.GetHashAndReset(_signature);
        return _signature.AsSpan(0, SignatureBytes);
    }

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

    private static ulong ReadVarint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }
    }
}

/// <summary>What a token is worth.</summary>
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
