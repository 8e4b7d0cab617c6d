using System.Security.Cryptography;
using ChunkStream.Http;

namespace ChunkStream.Postgres.Shapes;

/// <summary>
/// The name by which a client of Electric's knows what it follows. The position is in the offset, so the handle says
/// nothing to us; but a client that was told to begin anew never again takes an answer with the old handle.
/// </summary>
internal static class ElectricHandle
{
    private const int MostLength = 64;
    private const int FreshBytes = 6;

    /// <summary>The handle that a client gives; null for none. Mistakes are added to the parameters.</summary>
    public static string? Read(RequestParameters parameters, string name)
    {
        var handle = parameters.Text(name);
        if (handle is null || (handle.Length is > 0 and <= MostLength
            && handle.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-')))
            return handle;
        parameters.Refuse(name, $"'{name}' must be a handle that this server gave.");
        return null;
    }

    /// <summary>The handle of what a request follows, the same for all clients that follow it.</summary>
    /// <param name="fingerprint">Tells apart queries, their parameters and their callers.</param>
    public static string Create(ReadOnlySpan<byte> fingerprint) => Convert.ToHexStringLower(fingerprint);

    /// <summary>A handle that no client has.</summary>
    public static string CreateFresh() => $"anew-{RandomNumberGenerator.GetHexString(2 * FreshBytes, lowercase: true)}";
}
