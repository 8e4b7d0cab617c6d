using ChunkStream.Problems;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Identity.Tokens;

/// <summary>What an operator is told. Nothing of a token is ever in it.</summary>
internal sealed partial class IdentityLog(ILogger logger)
{
    /// <summary>An issuer's keys could not be fetched.</summary>
    /// <param name="address">Where they were looked for.</param>
    /// <param name="failure">Why not.</param>
    public void IssuerUnavailable(string address, Exception failure)
        => IssuerUnavailable(logger, address, BoundedText.Line(failure.GetBaseException().Message, 300));

    [LoggerMessage(EventId = 60, EventName = "IssuerUnavailable", Level = LogLevel.Warning,
        Message = "The keys for access tokens can't be fetched from {Address}: {Reason}")]
    private static partial void IssuerUnavailable(ILogger logger, string address, string reason);
}
