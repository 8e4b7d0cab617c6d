using System.Text.Json;
using ChunkStream.Formats;

namespace ChunkStream.Postgres.Live;

/// <summary>Finds the values of the key in rows that are JSON objects.</summary>
internal sealed class RowKey
{
    // A row may have JSON that is nested deeper than the reader allows by default.
    private static readonly JsonReaderOptions AnyDepth = new() { MaxDepth = int.MaxValue };

    // For each column up to the last one of the key its place in the key, or -1.
    private readonly int[] _placeInRow;
    private readonly int[] _placeInKey;
    private readonly Range[] _values;

    /// <param name="schema">The columns of a row.</param>
    /// <param name="key">The names of the key's columns.</param>
    public RowKey(StreamSchema schema, IReadOnlyList<string> key)
    {
        _values = new Range[key.Count];
        _placeInKey = [.. Enumerable.Range(0, key.Count)];
        var places = schema.Columns.Select(column => key.Index().FirstOrDefault(
            part => part.Item == column.Name, (Index: -1, null!)).Index).ToArray();
        _placeInRow = places[..(Array.FindLastIndex(places, place => place >= 0) + 1)];
    }

    /// <summary>The places of the key's values, in the key's order. Valid until the next call.</summary>
    /// <param name="json">The object.</param>
    /// <param name="isKey">Whether it has the key's columns alone, in their order.</param>
    public ReadOnlySpan<Range> Find(ReadOnlySpan<byte> json, bool isKey)
    {
        var reader = new Utf8JsonReader(json, isFinalBlock: true, new JsonReaderState(AnyDepth));
        reader.Read();
        foreach (var place in isKey ? _placeInKey : _placeInRow)
        {
            reader.Read(); // The name.
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (place >= 0)
                _values[place] = start..(int)reader.BytesConsumed;
        }

        return _values;
    }
}
