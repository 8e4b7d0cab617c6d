using System.Buffers.Binary;
using System.Text;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;

namespace ChunkStream.Functions.Tests.Postgres.Connections;

public sealed class BoundedMessagesTests
{
    private const int Most = 40;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task What_comes_before_a_message_that_is_too_large_arrives_whole_in_whatever_pieces_it_comes(
        int messagesBefore)
    {
        byte[] before =
            [.. Enumerable.Range(0, messagesBefore).SelectMany(number => Row(null, new string('v', number * 7), ""))];
        byte[] all = [.. before, .. Row("a", null, new string('x', Most)), .. Row("next")];
        for (var piece = 1; piece <= all.Length; piece++)
        {
            var messages = new BoundedMessages(new InPieces(all, piece), Most);

            var (received, failure) = await ReadAsync(messages);

            // At most 4 bytes of the large message itself arrive: its length is known after 5.
            Assert.True(received.AsSpan().StartsWith(before), $"pieces of {piece}");
            Assert.InRange(received.Length, before.Length, before.Length + 4);
            Assert.Equal((2, Most), (Assert.IsType<MessageTooLargeException>(failure).Column, failure.Most));
        }
    }

    [Fact]
    public async Task A_message_of_just_the_bound_passes_and_one_more_byte_does_not()
    {
        var row = Row(new string('x', Most - sizeof(short) - sizeof(int)));

        Assert.Equal(row, (await ReadAsync(new BoundedMessages(new InPieces(row, 7), Most))).Received);
        Assert.Equal(0, (await ReadAsync(new BoundedMessages(new InPieces(row, 7), Most - 1))).Failure?.Column);
    }

    [Fact]
    public async Task No_more_of_a_row_is_read_than_names_its_column()
    {
        byte[] row = Row("abc", new string('x', 1000), new string('y', 1_000_000));
        var server = new InPieces(row, 64);

        Assert.Equal(1, (await ReadAsync(new BoundedMessages(server, Most))).Failure?.Column);
        Assert.InRange(server.Given, 1, 200);
    }

    [Fact]
    public async Task A_message_that_is_no_row_is_refused_without_a_column()
        => Assert.Null(Assert.IsType<MessageTooLargeException>(
            (await ReadAsync(new BoundedMessages(new InPieces(Message('E', new byte[Most + 1]), 64), Most))).Failure)
                .Column);

    private static async Task<(byte[] Received, MessageTooLargeException? Failure)> ReadAsync(BoundedMessages messages)
    {
        var received = new MemoryStream();
        try
        {
            await messages.CopyToAsync(received).Within();
            return (received.ToArray(), null);
        }
        catch (MessageTooLargeException failure)
        {
            return (received.ToArray(), failure);
        }
    }

    private static byte[] Row(params string?[] values)
    {
        var body = new MemoryStream();
        body.Write([0, (byte)values.Length]);
        foreach (var value in values)
        {
            var length = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(length, value?.Length ?? -1);
            body.Write(length);
            body.Write(Encoding.ASCII.GetBytes(value ?? ""));
        }

        return Message('D', body.ToArray());
    }

    private static byte[] Message(char kind, byte[] body)
    {
        var message = new byte[1 + sizeof(int) + body.Length];
        message[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), sizeof(int) + body.Length);
        body.CopyTo(message, 1 + sizeof(int));
        return message;
    }

    /// <summary>Gives its bytes some at a time.</summary>
    private sealed class InPieces(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public int Given { get; private set; }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            var read = base.Read(buffer.Span[..Math.Min(piece, buffer.Length)]);
            Given += read;
            return read;
        }
    }
}
