using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ChunkStream.Formats;

namespace ChunkStream.Postgres.Live;

/// <summary>The whole result of a query that is run again, as one snapshot shows it.</summary>
/// <param name="To">The position: its snapshot, and a digest of the rows.</param>
/// <param name="Schema">The columns.</param>
/// <param name="Key">The names of the key's columns.</param>
/// <param name="Rows">The rows in the key's order, each a JSON object. They are held for the caller.</param>
/// <param name="Places">The rows' places among them, by the texts of their keys.</param>
internal sealed record LiveResult(
    LivePosition To,
    StreamSchema Schema,
    IReadOnlyList<string> Key,
    LiveBatch Rows,
    IReadOnlyDictionary<string, int> Places)
{
    /// <summary>What a row costs in memory, beside its JSON and the text of its key.</summary>
    public const int RowCost = LiveBatch.ChangeCost + 64;

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

    /// <summary>What has changed since an earlier result; null for nothing.</summary>
    /// <param name="before">The earlier result, which the caller holds.</param>
    /// <param name="memory">Where the changes are held, for the caller.</param>
    /// <exception cref="LiveMemoryException">There is no room.</exception>
    public LiveBatch? Since(LiveResult before, LiveMemory memory)
    {
        var (rows, old) = (Rows.All, before.Rows.All);
        var changes = new List<LiveChange>();
        var (room, bytes) = (memory.ForChanges(), 0L);
        var values = new RowKey(before.Schema, before.Key);
        try
        {
            foreach (var (key, place) in before.Places)
            {
                if (!Places.ContainsKey(key))
                    Add(RecordKind.Delete, KeyOf(old[place].Json.Span, before.Key, values));
            }

            foreach (var (key, place) in Places)
            {
                var row = rows[place].Json;
                if (!before.Places.TryGetValue(key, out var was) || !old[was].Json.Span.SequenceEqual(row.Span))
                    Add(RecordKind.Upsert, row.ToArray());
            }

            if (changes.Count == 0)
                return null;
            room.Set(bytes);
            return new LiveBatch([.. changes], room);
        }
        catch
        {
            room.Dispose();
            throw;
        }

        // A copy, so that a change which waits for slow readers does not keep all rows in memory.
        void Add(RecordKind kind, byte[] json)
        {
            bytes += json.Length + LiveBatch.ChangeCost;
            room.Grow(bytes);
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
