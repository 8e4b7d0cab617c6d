using System.Diagnostics;

namespace ChunkStream.Benchmarks.E2e.Processes;

/// <summary>The last lines that a process wrote: read so that its pipes do not fill up, shown where it fails.</summary>
internal sealed class OutputTail
{
    private const int Lines = 20;

    private readonly Queue<string> _lines = new();

    /// <summary>Reads both outputs of a process, which must be redirected, until they end.</summary>
    public void Follow(Process process)
    {
        process.OutputDataReceived += (_, said) => Add(said.Data);
        process.ErrorDataReceived += (_, said) => Add(said.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public override string ToString()
    {
        lock (_lines)
            return string.Join('\n', _lines);
    }

    private void Add(string? line)
    {
        if (line is null)
            return;

        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > Lines)
                _lines.Dequeue();
        }
    }
}
