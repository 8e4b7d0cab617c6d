using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// JSON mode: a body is one message, or an array of messages. The messages are slices of the body, byte for byte: no
/// number is rounded and no text respelled.
/// </summary>
internal static class JsonMessages
{
    // Far deeper than anyone nests, and JavaScript can still parse it.
    private const int MaxDepth = 1000;

    /// <summary>The messages of a body: none if it is an empty array.</summary>
    /// <param name="body">The body.</param>
    /// <param name="maxMessages">How many there may be.</param>
    /// <exception cref="ProblemException">The body is not JSON, or has too many messages: 400, 413.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> body, int maxMessages)
    {
        if (!Utf8.IsValid(body.Span))
            throw Invalid("The body is not JSON: it is not valid UTF-8.");

        var messages = new List<ReadOnlyMemory<byte>>();
        try
        {
            var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            if (reader.TokenType is not JsonTokenType.StartArray)
            {
                messages.Add(Value(body, ref reader));
            }
            else
            {
                while (reader.Read() && reader.TokenType is not JsonTokenType.EndArray)
                {
                    if (messages.Count == maxMessages)
                        throw new ProblemException(DurableProblems.TooManyMessages(maxMessages));
                    messages.Add(Value(body, ref reader));
                }
            }

            // Nothing but white space may follow, or this throws.
            reader.Read();
            return messages;
        }
        catch (JsonException mistake)
        {
            throw Invalid(string.Create(CultureInfo.InvariantCulture,
                $"The body is not valid JSON, at line {mistake.LineNumber + 1}, byte "
                + $"{mistake.BytePositionInLine + 1}; or it is nested more than {MaxDepth} deep."));
        }
    }

    private static ProblemException Invalid(string detail) => new(DurableProblems.InvalidBody(detail));

    private static ReadOnlyMemory<byte> Value(ReadOnlyMemory<byte> body, ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return body[start..(int)reader.BytesConsumed];
    }
}
