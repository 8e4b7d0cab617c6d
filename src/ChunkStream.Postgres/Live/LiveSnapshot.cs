using System.Globalization;
using System.Text;

namespace ChunkStream.Postgres.Live;

/// <summary>A snapshot of the database: which transactions it shows as finished.</summary>
internal sealed class LiveSnapshot
{
    private const char Separator = '+';

    private readonly ulong _end;
    private readonly int _running;

    /// <param name="text">As <c>pg_current_snapshot()</c> gives it: <c>xmin:xmax:xip,xip,…</c></param>
    public LiveSnapshot(string text)
    {
        Text = text;
        var parts = text.Split(':');
        _end = Parse(parts[1]);
        _running = parts[2].Length == 0 ? 0 : parts[2].AsSpan().Count(',') + 1;
    }

    /// <summary>The text, as Postgres reads it.</summary>
    public string Text { get; }

    /// <summary>
    /// The text in short: <c>xmin+xmax+xip+xip+…</c>, where <c>xmax</c> and the first <c>xip</c> are differences to
    /// <c>xmin</c>, and each further <c>xip</c> one to that before it. A position names every transaction that runs,
    /// and a URL has room for some 8 KB in all: in full, 600 of them would fill it.
    /// </summary>
    public string Compact
    {
        get
        {
            var parts = Text.Split(':');
            var start = Parse(parts[0]);
            var compact = new StringBuilder(parts[0]).Append(Separator).Append(Parse(parts[1]) - start);
            foreach (var running in parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Parse))
            {
                compact.Append(Separator).Append(running - start);
                start = running;
            }

            return compact.ToString();
        }
    }

    /// <summary>Reads the text in short; null if it is none.</summary>
    public static LiveSnapshot? FromCompact(string compact)
    {
        var numbers = new List<ulong>();
        foreach (var part in compact.Split(Separator))
        {
            if (!ulong.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return null;
            numbers.Add(number);
        }

        if (numbers.Count < 2)
            return null;

        var (start, running) = (numbers[0], numbers[0]);
        return new LiveSnapshot(
            $"{start}:{start + numbers[1]}:{string.Join(',', numbers.Skip(2).Select(more => running += more))}");
    }

    /// <summary>
    /// Where it is in the order of snapshots: its <c>xmax</c>, and how many transactions before it are running.
    /// </summary>
    public (ulong End, int Running) Place => (_end, _running);

    /// <summary>Whether it shows all that another one does, and more.</summary>
    /// <remarks>
    /// As time goes by, transactions only end: of any two snapshots of a server one shows all that the other does. The
    /// later one has the greater <c>xmax</c>, the first transaction that had not begun; or of the transactions before
    /// it, fewer that run.
    /// </remarks>
    public bool IsAfter(LiveSnapshot other)
        => _end > other._end || (_end == other._end && _running < other._running);

    private static ulong Parse(string number) => ulong.Parse(number, CultureInfo.InvariantCulture);
}
