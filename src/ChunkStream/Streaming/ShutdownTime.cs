using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace ChunkStream.Streaming;

/// <summary>
/// Makes the host wait for as long as <see cref="StreamingOptions.ShutdownSeconds"/> lets open streams go on. A host
/// that waits for less cuts them at its own limit, before they could end with a continuation.
/// </summary>
internal sealed class ShutdownTime(IOptions<StreamingOptions> streaming) : IPostConfigureOptions<HostOptions>
{
    // How long the ends may take that all streams are told of at the same moment.
    private static readonly TimeSpan Ending = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    public void PostConfigure(string? name, HostOptions options)
    {
        var needed = TimeSpan.FromSeconds(ShutdownSeconds()) + Ending;
        if (options.ShutdownTimeout != Timeout.InfiniteTimeSpan && options.ShutdownTimeout < needed)
            options.ShutdownTimeout = needed;
    }

    private double ShutdownSeconds()
    {
        try
        {
            return streaming.Value.ShutdownSeconds;
        }
        catch (OptionsValidationException)
        {
            // The host asks while it is built. Mistakes are reported when it starts, all at once.
            return 0;
        }
    }
}
