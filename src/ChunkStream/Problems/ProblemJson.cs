using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkStream.Problems;

/// <summary>The JSON of a <see cref="Problem"/>, without reflection.</summary>
[JsonSerializable(typeof(Problem))]
internal sealed partial class ProblemJson : JsonSerializerContext
{
    /// <summary>
    /// Does not escape quotes and non-ASCII more than JSON demands: people may read it in a terminal.
    /// </summary>
    public static ProblemJson Readable { get; } = new(new JsonSerializerOptions
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
