using System.Globalization;

namespace ChunkStream.LocalHost;

/// <summary>
/// Shows the progress of long work: on a terminal as one line that changes, elsewhere as a new line for each 10 %.
/// </summary>
internal sealed class ConsolePercentage(string work, long total) : IProgress<long>
{
    private long _shown = -1;

    public void Report(long value)
    {
        var step = Console.IsOutputRedirected ? 10 : 1;
        var percent = total == 0 ? 100 : value * 100 / total / step * step;
        if (percent == _shown)
            return;

        _shown = percent;
        var text = string.Create(CultureInfo.InvariantCulture, $"{work}: {percent} % ({value:N0} of {total:N0} rows)");
        if (Console.IsOutputRedirected)
            Console.Out.WriteLine(text);
        else
            Console.Out.Write(percent == 100 ? $"\r{text}\n" : $"\r{text}");
    }
}
