using System.Text.Json;

namespace ChunkStream.Benchmarks.Smoke.Checks;

/// <summary>
/// Rows go on after the last checkpoint of a stream that was left, on any instance: none twice and none missed.
/// </summary>
internal sealed class Resuming : ISmokeCheck
{
    private const int Rows = 20_000;
    private const int Cut = 5_000;

    public string Name => "rows resume after a cut";

    public async Task<string> RunAsync(SmokeClient client, SmokeSettings settings, CancellationToken cancellation)
    {
        var path = settings.QueryPath(Rows) + "&format=frames";
        var first = await ReadAsync(path, atMost: Cut);
        if (first.Checkpoint is not { } token)
        {
            throw first.IsResumable
                ? new SmokeFailure($"There was no checkpoint in the first {Cut} rows.")
                : new SmokeSkipped("The stream can't be resumed: ChunkStream__ResumeKey is not set.");
        }

        var rest = await ReadAsync($"{path}&resume={Uri.EscapeDataString(token)}", Rows);
        var together = first.Kept.Concat(rest.Kept).ToArray();
        return together.SequenceEqual(Enumerable.Range(1, Rows))
            ? $"{Rows} rows, cut after {first.Kept.Count}: none twice, none missed"
            : throw new SmokeFailure(
                $"{together.Length} rows of {Rows}, {together.Distinct().Count()} different ones, "
                + $"cut after {first.Kept.Count}.");

        async Task<Read> ReadAsync(string from, int atMost)
        {
            using var response = await client.OpenAsync(from, cancellation);
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            var read = new Read();
            while (await lines.ReadLineAsync(cancellation) is { } line && read.Take(line) && read.Rows < atMost)
            {
            }

            return read;
        }
    }

    // What a client has that keeps rows only once a checkpoint or the end has come after them.
    private sealed class Read
    {
        private readonly List<int> _since = [];

        public List<int> Kept { get; } = [];

        public string? Checkpoint { get; private set; }

        public bool IsResumable { get; private set; }

        public int Rows => Kept.Count + _since.Count;

        public bool Take(string line)
        {
            using var frame = JsonDocument.Parse(line);
            var only = frame.RootElement.EnumerateObject().First();
            var (kind, value) = (only.Name, only.Value);
            if (kind == "schema")
                IsResumable = value.GetProperty("checkpoints").GetBoolean();
            if (kind == "row")
                _since.Add(value.GetProperty("n").GetInt32());
            if (kind == "error")
                throw new SmokeFailure($"The stream failed: {value.GetRawText()}");
            if (kind == "checkpoint")
                Checkpoint = value.GetString();
            if (kind is "checkpoint" or "end")
            {
                Kept.AddRange(_since);
                _since.Clear();
            }

            return kind != "end";
        }
    }
}
