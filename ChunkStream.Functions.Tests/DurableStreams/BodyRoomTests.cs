using System.Net.Sockets;
using System.Text;
using ChunkStream.DurableStreams;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Problems;
using Microsoft.Extensions.Options;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// Bodies that are being received are bounded in memory and in time. Large ones that stall leave room for small ones.
/// </summary>
[Collection(Alone.Collection)]
public sealed class BodyRoomTests(RealPostgres postgres)
{
    private const long Bound = 128 * 1024 * 1024;
    private const int BodyBytes = 8 * 1024 * 1024;

    [Fact]
    public async Task Two_hundred_large_bodies_whose_last_byte_is_withheld_have_an_end_and_leave_room_for_others()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: [("ChunkStream:Streams:BodyIdleSeconds", "4")]);
        var room = api.Get<AppendRoom>();
        var small = await api.CreateAsync("text/plain");
        var body = new byte[BodyBytes - 1];
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var withheld = Enumerable.Range(0, 200)
            .Select(n => WithholdAsync(
                new Uri(api.Origin), n % 2 == 0 ? "PUT" : "POST", $"withheld/{Guid.NewGuid():N}", body))
            .ToArray();
        await Bounded.Until(() => Task.FromResult(room.Bytes > Bound / 2), "large bodies are being received");
        for (var n = 1; n <= 20; n++)
        {
            Assert.Equal(
                DurableCalls.Offset(n * 1000), await api.AppendAsync(small, "text/plain", new string('x', 1000)));
            Assert.InRange(room.Bytes, 0, (Bound / 4 * 3) + (1024 * 1024));

            // Kestrel reads up to a mebibyte ahead on each connection, including those that were refused.
            Assert.InRange(
                GC.GetTotalMemory(forceFullCollection: false) - before, long.MinValue, Bound + (256L * 1024 * 1024));
        }

        var statuses = await Task.WhenAll(withheld).Within(TimeSpan.FromSeconds(60));
        Assert.Equal(200, statuses.Count(status => status is 408 or 503));
        Assert.InRange(statuses.Count(status => status == 408), 5, 100);
        await Bounded.Until(() => Task.FromResult(room.Bytes == 0), "all room is free again");
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("POST")]
    public async Task A_chunked_body_has_room_as_it_grows_and_no_more(string method)
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString,
            settings:
            [
                ("ChunkStream:Streams:BodyIdleSeconds", "1"), ("ChunkStream:Streams:MaxWaitingBytes", "1048576"),
            ]);
        var room = api.Get<AppendRoom>();
        using var other = room.Open("other");
        other.Hold(600_000, isReceiving: false);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", new Uri(api.Origin).Port).Within();
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"{method} /api/streams/chunked/{Guid.NewGuid():N} HTTP/1.1\r\nHost: localhost\r\n"
            + "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n"));
        await socket.SendAsync(new byte[0x20000]);
        await Bounded.Until(
            () => Task.FromResult(room.Bytes is > 600_000 + 0x20000 and < 1_048_576), "what came has room");

        // There is no room for the next chunk.
        await socket.SendAsync(Encoding.ASCII.GetBytes("\r\n80000\r\n"));
        await socket.SendAsync(new byte[0x80000]);
        Assert.Equal(503, await StatusAsync(socket));
        await Bounded.Until(() => Task.FromResult(room.Bytes == 600_000), "its room is free");
    }

    [Fact]
    public void Each_has_a_share()
    {
        var room = new AppendRoom(Options.Create(new DurableStreamOptions { MaxWaitingBytes = 1000 * 1024 }));
        using var first = room.Open("a");
        using var second = room.Open("a");
        using var third = room.Open("b");
        using var fourth = room.Open("c");

        // A body of any size is let in if it is the only one; then nobody else is.
        first.Hold(5000 * 1024, isReceiving: true);
        Assert.Throws<ProblemException>(() => third.Hold(1, isReceiving: false));
        first.Dispose();

        // One stream may use a quarter of the room.
        first.Hold(200 * 1024, isReceiving: true);
        Assert.Throws<ProblemException>(() => second.Hold(51 * 1024, isReceiving: false));
        second.Hold(50 * 1024, isReceiving: false);
        second.Hold(40 * 1024, isReceiving: false);

        // Large bodies that are being received may use three quarters of the room.
        third.Hold(550 * 1024, isReceiving: true);
        Assert.Throws<ProblemException>(() => fourth.Hold(100 * 1024, isReceiving: true));
        fourth.Hold(60 * 1024, isReceiving: true);
        third.HasAll();
        fourth.Hold(100 * 1024, isReceiving: true);
        Assert.Equal(900 * 1024, room.Bytes);

        using var moved = third.Move();
        third.Dispose();
        Assert.Equal(900 * 1024, room.Bytes);
        moved.Dispose();
        moved.Dispose();
        Assert.Equal(350 * 1024, room.Bytes);
    }

    // Sends all of the body but one byte, or stops when an answer comes. Returns the answer's status.
    private static async Task<int> WithholdAsync(Uri server, string method, string path, byte[] body)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Host, server.Port).Within();
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"{method} /api/streams/{path} HTTP/1.1\r\nHost: localhost\r\n"
            + $"Content-Type: text/plain\r\nContent-Length: {BodyBytes}\r\n\r\n"));
        var status = StatusAsync(socket);
        for (var sent = 0; sent < body.Length && !status.IsCompleted;)
        {
            var sending = socket.SendAsync(body.AsMemory(sent, Math.Min(64 * 1024, body.Length - sent))).AsTask();
            await Task.WhenAny(sending, status);
            if (!sending.IsCompletedSuccessfully)
                break;
            sent += await sending;
        }

        return await status;
    }

    private static async Task<int> StatusAsync(Socket socket)
    {
        var buffer = new byte[4096];
        var length = await socket.ReceiveAsync(buffer).Within(TimeSpan.FromSeconds(60));
        return int.Parse(
            Encoding.ASCII.GetString(buffer, 0, length).Split(' ')[1],
            System.Globalization.CultureInfo.InvariantCulture);
    }
}
