using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace ChunkStream.Streaming;

/// <summary>How long the platform lets an invocation run, and what follows for a stream.</summary>
/// <param name="CallLimit">After how long the platform ends an invocation; null for never.</param>
internal sealed record PlatformTimeLimit(TimeSpan? CallLimit)
{
    /// <summary>The limit of a platform that ends no invocation.</summary>
    public static PlatformTimeLimit None { get; } = new(CallLimit: null);

    // Enough time for the last words of a stream, and for the difference between the clocks of two processes.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long a stream may last, so that it ends before the platform would end it;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for no limit.
    /// </summary>
    public TimeSpan StreamLimit
        => CallLimit is not { } limit ? Timeout.InfiniteTimeSpan : limit > 2 * Margin ? limit - Margin : limit / 2;

    /// <summary>
    /// Reads <c>functionTimeout</c> from host.json (<c>hh:mm:ss</c>, or -1 for none), or from the app setting
    /// <c>AzureFunctionsJobHost__functionTimeout</c>, which overrides it.
    /// </summary>
    /// <exception cref="FormatException">The value is neither a time nor -1.</exception>
    public static PlatformTimeLimit Read(IConfiguration configuration)
    {
        var text = configuration["AzureFunctionsJobHost:functionTimeout"] ?? configuration["functionTimeout"];
        if (string.IsNullOrWhiteSpace(text) || text == "-1")
            return None;

        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var limit) && limit > TimeSpan.Zero
            ? new PlatformTimeLimit(limit)
            : throw new FormatException(
                $"functionTimeout must be a time such as 00:10:00, or -1 for none, but is '{text}'.");
    }
}
