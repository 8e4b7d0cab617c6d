using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace ChunkStream.Streaming;

/// <summary>How long the platform lets a call run, and what that means for a stream.</summary>
/// <param name="CallLimit">The platform's limit, or null for none.</param>
internal sealed record PlatformTimeLimit(TimeSpan? CallLimit)
{
    /// <summary>A platform that ends no call.</summary>
    public static PlatformTimeLimit None { get; } = new(CallLimit: null);

    // Enough for the last words of a stream, and for the clocks of two processes.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(15);

    /// <summary>How long a stream may last, or <see cref="Timeout.InfiniteTimeSpan"/>: it ends before the platform ends it.</summary>
    public TimeSpan StreamLimit
        => CallLimit is not { } limit ? Timeout.InfiniteTimeSpan : limit > 2 * Margin ? limit - Margin : limit / 2;

    /// <summary>
    /// Reads <c>functionTimeout</c> as host.json has it (<c>hh:mm:ss</c>, or -1 for none), or the app setting
    /// <c>AzureFunctionsJobHost__functionTimeout</c>, which overrides that.
    /// </summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static PlatformTimeLimit Read(IConfiguration configuration)
    {
        var text = configuration["AzureFunctionsJobHost:functionTimeout"] ?? configuration["functionTimeout"];
        if (string.IsNullOrWhiteSpace(text) || text == "-1")
            return None;

        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var limit) && limit > TimeSpan.Zero
            ? new PlatformTimeLimit(limit)
            : throw new FormatException($"functionTimeout must be a time such as 00:10:00, or -1 for none, but is '{text}'.");
    }
}
