using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ChunkStream.Formats;

namespace ChunkStream.Postgres.Live;

/// <summary>The whole result of a query that is run again, as one snapshot shows it.</summary>
/// <param name="To">The position: its snapshot, and a digest of the rows.</param>
/// <param name="Schema">The columns.</param>
/// <param name="Key">The names of the key's columns.</param>
/// <param name="Rows">The rows, each a JSON object, by the texts of their keys; in the key's order.</param>
internal sealed record LiveResult(
    LivePosition To,
    StreamSchema Schema,
    IReadOnlyList<string> Key,
    IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Rows)
{
    // Enough that no two results have the same.
    private const int DigestBytes = 16;

    /// <summary>
    /// What stands for the generations of watches in a position: whoever has this result needs no log to go on. It
    /// is the same on each instance.
    /// </summary>
    /// <param name="rows">All rows.</param>
    public static string Digest(ReadOnlySpan<byte> rows)
        => "=" + Convert.ToHexStringLower(SHA256.HashData(rows).AsSpan(0, DigestBytes));

    /// <summary>Whether a position is that of this result, at whatever time.</summary>
    public bool IsAt(LivePosition position) => position.Generations == To.Generations;

    /// <summary>What has changed since an earlier result.</summary>
    public StepResult Since(LiveResult before)
    {
        var changes = new List<LiveChange>();
        var bytes = 0L;
        var places = new RowKey(before.Schema, before.Key);
        foreach (var (key, row) in before.Rows)
        {
            if (!Rows.ContainsKey(key))
                Add(RecordKind.Delete, KeyOf(row.Span, before.Key, places));
        }

        foreach (var (key, row) in Rows)
        {
            if (!before.Rows.TryGetValue(key, out var old) || !old.Span.SequenceEqual(row.Span))
                Add(RecordKind.Upsert, row.ToArray());
        }

        return new StepResult(To, Schema, changes, bytes);

        // A copy, so that a change which waits for slow readers does not keep all rows in memory.
        void Add(RecordKind kind, byte[] json)
        {
            bytes += json.Length;
            changes.Add(new LiveChange(kind, json));
        }
    }

    private static byte[] KeyOf(ReadOnlySpan<byte> row, IReadOnlyList<string> names, RowKey places)
    {
        var values = places.Find(row, isKey: false);
        var json = new StringBuilder("{");
        for (var index = 0; index < names.Count; index++)
        {
            json.Append(index > 0 ? "," : "").Append('"').Append(JsonEncodedText.Encode(names[index])).Append("\":")
                .Append(Encoding.UTF8.GetString(row[values[index]]));
        }

        return Encoding.UTF8.GetBytes(json.Append('}').ToString());
    }
}
