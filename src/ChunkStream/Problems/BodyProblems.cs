namespace ChunkStream.Problems;

/// <summary>What can be wrong with the body of a request, whatever the body is for.</summary>
internal static class BodyProblems
{
    /// <summary>The body can't be read as what it should be. 400.</summary>
    /// <param name="detail">What is wrong with it: a sentence.</param>
    public static Problem Invalid(string detail) => new(
        "urn:chunkstream:invalid-body", "Invalid body", 400, detail);

    /// <summary>The body is no valid HTTP. 400.</summary>
    public static Problem Broken { get; } = Invalid("The body broke off, came too slowly, or is not valid HTTP.");

    /// <summary>The body does not come. 408.</summary>
    /// <param name="detail">What the client should do: a sentence.</param>
    public static Problem TooSlow(string detail) => new(
        "urn:chunkstream:body-too-slow", "Body too slow", 408, detail);

    /// <summary>The body has more bytes than it may have. 413.</summary>
    /// <param name="detail">How many it may have: a sentence.</param>
    public static Problem TooLarge(string detail) => new(
        "urn:chunkstream:body-too-large", "Body too large", 413, detail);

    /// <summary>The body has another type than the endpoint takes. 415.</summary>
    /// <param name="detail">Which type it takes: a sentence.</param>
    public static Problem UnsupportedType(string detail) => new(
        "urn:chunkstream:unsupported-media-type", "Unsupported media type", 415, detail);

    /// <summary>The body is encoded. 415.</summary>
    /// <param name="detail">What the client should do: a sentence.</param>
    public static Problem Encoded(string detail) => new(
        "urn:chunkstream:encoded-body", "Encoded body", 415, detail);
}
