namespace ChunkStream.LocalHost;

/// <summary>
/// Writes each report as a line at once. <see cref="Progress{T}"/> reports from other threads, and could change the
/// order.
/// </summary>
internal sealed class ConsoleLines : IProgress<string>
{
    /// <summary>Writes to standard output.</summary>
    public static ConsoleLines Out { get; } = new();

    public void Report(string value) => Console.Out.WriteLine(value);
}
