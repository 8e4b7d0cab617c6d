using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using ChunkStream.Formats;

namespace ChunkStream.Postgres.Shapes;

/// <summary>The header <c>electric-schema</c>: by the types in it a client makes values of the texts.</summary>
internal static class ElectricSchema
{
    // Headers are ASCII: the names of columns may have any letter.
    private static readonly JsonWriterOptions Ascii = new() { Encoder = JavaScriptEncoder.Default };

    /// <summary>Writes it.</summary>
    /// <param name="schema">The columns.</param>
    public static string Write(StreamSchema schema)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, Ascii))
        {
            json.WriteStartObject();
            foreach (var column in schema.Columns.DistinctBy(column => column.Name))
            {
                // Postgres calls the arrays of a type by its name with an underscore before it.
                var isArray = column.Type is ['_', _, ..];
                json.WriteStartObject(column.Name);
                json.WriteString("type", isArray ? column.Type[1..] : column.Type);
                if (isArray)
                    json.WriteNumber("dims", 1);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return System.Text.Encoding.ASCII.GetString(bytes.WrittenSpan);
    }
}
