namespace ChunkStream.LocalHost;

/// <summary>Writes each report as a line, at once: <see cref="Progress{T}"/> would reorder them.</summary>
internal sealed class ConsoleLines : IProgress<string>
{
    /// <summary>To standard output.</summary>
    public static ConsoleLines Out { get; } = new();

    public void Report(string value) => Console.Out.WriteLine(value);
}
