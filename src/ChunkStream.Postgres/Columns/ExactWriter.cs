using System.Buffers;
using System.Text.Json;
using ChunkStream.Formats;

namespace ChunkStream.Postgres.Columns;

/// <summary>
/// Writes a column that Postgres itself has turned into JSON, and makes strings of the numbers in it that a 64-bit
/// float can't hold. All else stays byte for byte.
/// </summary>
/// <param name="shape">Where in the JSON these numbers are.</param>
internal sealed class ExactWriter(ExactShape shape) : ColumnWriter
{
    // Postgres bounds by itself how deep JSON nests. A lower limit here would break values that it accepts.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = int.MaxValue };

    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var reader = new Utf8JsonReader(value, Options);
        var copied = 0;
        reader.Read();
        Write(output, value, ref reader, ref copied, shape);
        ColumnWriters.Converted.WriteJson(output, value[copied..]);
    }

    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
    {
        // A cell of CSV holds the text of the JSON.
        var buffer = new ArrayBufferWriter<byte>(value.Length + 64);
        var json = new ByteWriter(buffer);
        WriteJson(json, value);
        json.Commit();
        ColumnWriters.Converted.WriteCsv(output, buffer.WrittenSpan);
    }

    /// <summary>
    /// Writes the value at which the reader stands, up to the last number in it that becomes a string. What follows
    /// that number is written later: <paramref name="copied"/> says from where on.
    /// </summary>
    private static void Write(
        ByteWriter output, ReadOnlySpan<byte> json, ref Utf8JsonReader reader, ref int copied, ExactShape shape)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number when shape.IsNumber:
                ColumnWriters.Converted.WriteJson(output, json[copied..(int)reader.TokenStartIndex]);
                output.Write((byte)'"');
                output.Write(reader.ValueSpan);
                output.Write((byte)'"');
                copied = (int)reader.BytesConsumed;
                break;

            // The type of an array does not tell how many dimensions it has, so the elements may be several brackets
            // further in.
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
                    Write(output, json, ref reader, ref copied, shape);
                break;

            case JsonTokenType.StartObject when shape.Members is { } members:
                while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
                {
                    var member = members.GetValueOrDefault(reader.GetString()!);
                    reader.Read();
                    if (member is null)
                        reader.Skip();
                    else
                        Write(output, json, ref reader, ref copied, member);
                }

                break;

            default:
                reader.Skip();
                break;
        }
    }
}

/// <summary>
/// Where a type's JSON has numbers that a 64-bit float can't hold: the value is one, or some of its members have them.
/// An array has the shape of its elements.
/// </summary>
internal sealed class ExactShape
{
    /// <summary>Whether a value is such a number.</summary>
    public bool IsNumber { get; init; }

    /// <summary>The members of a composite type that have such numbers; null of any other type.</summary>
    public Dictionary<string, ExactShape>? Members { get; init; }
}
