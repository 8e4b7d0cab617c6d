using System.Text;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

[Collection(RealPostgres.StreamsAndClients)]
public sealed class DurableStoreTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task What_is_appended_is_read()
    {
        var path = NewPath();
        Assert.Equal(CreateStatus.Created, (await _host.CreateAsync(path, content: ["Hello"])).Status);

        var appended = await _host.AppendAsync(path, ", world");
        var segment = await _host.ReadAsync(path);

        Assert.Equal(new AppendResult(AppendStatus.Appended, 12, false, null, null), appended);
        Assert.Equal("Hello, world", Text(segment.Data));
        Assert.Equal((0, 12), (segment.Start, segment.Next));
        Assert.Equal(
            (Presence.Present, 12, false, false),
            (segment.Presence, segment.Stream!.Tail, segment.Stream.Closed, segment.Stream.IsJson));
        Assert.Equal("text/plain", segment.Stream.ContentType);
    }

    [Fact]
    public async Task Messages_of_JSON_are_counted_and_separated()
    {
        var path = NewPath();
        await _host.CreateAsync(path, Json, ["1", "[2]"]);

        var appended = await _host.AppendJsonAsync(path, "{\"a\":3}", "4");
        var segment = await _host.ReadAsync(path, from: 1);

        Assert.Equal(4, appended.Tail);
        Assert.Equal("[2],{\"a\":3},4", Text(segment.Data));
        Assert.Equal((1, 4), (segment.Start, segment.Next));
    }

    [Fact]
    public async Task Bytes_come_back_as_they_were()
    {
        var path = NewPath();
        var bytes = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();
        await _host.CreateAsync(path, "application/octet-stream");

        await _host.Appends.AppendAsync(
            new AppendToStream(path, "application/octet-stream", [bytes], false, null, null), default).Within();

        Assert.Equal(bytes, (await _host.ReadAsync(path)).Data.ToArray());
    }

    [Theory]
    [InlineData(0, 100, "onetwothree", 11)]
    [InlineData(3, 100, "twothree", 11)]
    [InlineData(4, 100, "wothree", 11)]
    [InlineData(0, 7, "onetwo", 6)]
    [InlineData(1, 5, "netwo", 6)]
    [InlineData(1, 2, "ne", 3)]
    [InlineData(1, 1, "n", 2)]
    [InlineData(6, 2, "th", 8)]
    [InlineData(7, 3, "hre", 10)]
    [InlineData(11, 100, "", 11)]
    [InlineData(500, 100, "", 500)]
    public async Task A_piece_of_bytes_ends_where_an_append_does_unless_that_is_too_long(
        long from, int maxBytes, string text, long next)
    {
        var path = NewPath();
        await _host.CreateAsync(path, content: ["one"]);
        await _host.AppendAsync(path, "two");
        await _host.AppendAsync(path, "three");

        var segment = await _host.ReadAsync(path, from, maxBytes);

        Assert.Equal((text, from, next), (Text(segment.Data), segment.Start, segment.Next));
        Assert.Equal(11, segment.Stream!.Tail);
    }

    [Theory]
    [InlineData(0, 100, 5, 5)]
    [InlineData(0, 1, 1, 1)]
    [InlineData(0, 0, 1, 1)]
    [InlineData(0, 6, 2, 3)]
    [InlineData(0, 13, 3, 3)]
    [InlineData(2, 3, 3, 3)]
    [InlineData(3, 3, 4, 4)]
    [InlineData(3, 1_000, 5, 5)]
    [InlineData(5, 1_000, 5, 5)]
    public async Task A_piece_of_JSON_has_whole_messages_and_at_least_one(
        long from, int maxBytes, long least, long most)
    {
        string[] messages = ["1", "22", "333", "44444444", "5"];
        var path = NewPath();
        await _host.CreateAsync(path, Json, messages);

        var segment = await _host.ReadAsync(path, from, maxBytes);

        Assert.InRange(segment.Next, least, most);
        Assert.Equal(string.Join(',', messages[(int)from..(int)segment.Next]), Text(segment.Data));
    }

    [Theory]
    [InlineData("one large among small ones")]
    [InlineData("a large one first")]
    [InlineData("ever larger")]
    public async Task Where_a_piece_of_JSON_ends_is_found_however_the_sizes_are_spread(string spread)
    {
        var sizes = Enumerable.Range(1, 3_000).Select(number => spread switch
        {
            "one large among small ones" => number == 1_500 ? 50_000 : 2,
            "a large one first" => number == 1 ? 10_000 : 1,
            _ => number / 10 + 1,
        });
        var path = NewPath();
        await _host.CreateAsync(path, Json, [.. sizes.Select(size => new string('1', size))]);

        var segment = await _host.ReadAsync(path, 0, 10_000);
        while (segment.Next < 3_000)
        {
            var bytes = segment.Data.Length - (int)(segment.Next - segment.Start - 1);
            Assert.True(segment.Next == segment.Start + 1 || bytes <= 10_000, $"{bytes} bytes");
            var next = await _host.ReadAsync(path, segment.Next, 10_000);
            Assert.True(
                bytes >= 5_000 || next.Data.Length > 5_000, $"{bytes} bytes, although the next message is a small one");
            segment = next;
        }

        Assert.Equal(sizes.Sum(), (await _host.ReadAllAsync(path, 10_000)).Count(character => character == '1'));
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData(Json)]
    public async Task Pieces_of_any_size_make_up_the_whole(string contentType)
    {
        var path = NewPath();
        var random = new Random(7);
        var messages = Enumerable.Range(0, 300)
            .Select(number => number + new string(
                '0', random.Next(10) switch { 0 => random.Next(20_000), < 4 => random.Next(300), _ => 1 }))
            .ToArray();
        await _host.CreateAsync(path, contentType);
        foreach (var some in messages.Chunk(37))
        {
            if (contentType == Json)
                await _host.AppendJsonAsync(path, some);
            else
                await Task.WhenAll(some.Select(text => _host.AppendAsync(path, text)));
        }

        var whole = await _host.ReadAllAsync(path, int.MaxValue);

        if (contentType == Json)
            Assert.Equal(string.Join(',', messages), whole);
        Assert.Equal(messages.Sum(text => text.Length), whole.Replace(",", "", StringComparison.Ordinal).Length);
        foreach (var bytes in new[] { 1_000, 4_096, 30_000, 1 << 20 })
            Assert.Equal(whole, await _host.ReadAllAsync(path, bytes));
    }

    [Fact]
    public async Task A_large_append_is_read_in_parts()
    {
        var path = NewPath();
        var text = string.Concat(Enumerable.Range(0, 400_000).Select(number => (char)('a' + (number % 26))));
        await _host.CreateAsync(path, content: [text]);

        Assert.Equal(text, await _host.ReadAllAsync(path, 64 * 1024));
        Assert.Equal(text[123_456..123_466], Text((await _host.ReadAsync(path, 123_456, 10)).Data));
    }

    [Theory]
    [InlineData(Plain, 200)]
    [InlineData(Json, 200)]
    [InlineData(Plain, 90_000)]
    [InlineData(Json, 90_000)]
    public async Task What_is_large_comes_whole_and_in_order_from_a_fork_too(string contentType, int size)
    {
        var (path, fork) = (NewPath(), NewPath());
        var messages = Enumerable.Range(0, 900_000 / size)
            .Select(number => $"{number + 1_000}{new string('7', size - 4)}").ToArray();
        Task<AppendResult> AppendAsync(string to, string[] some)
            => contentType == Json ? _host.AppendJsonAsync(to, some) : _host.AppendAsync(to, string.Concat(some));
        await _host.CreateAsync(path, contentType);
        await AppendAsync(path, messages[..^2]);
        await _host.CreateAsync(fork, contentType, fork: new ForkPoint(path, null, 0));
        await AppendAsync(fork, messages[^2..^1]);
        await AppendAsync(fork, messages[^1..]);

        var whole = string.Join(contentType == Json ? "," : "", messages);
        foreach (var bytes in new[] { 4 << 20, 300_000, 131_072 })
            Assert.Equal(whole, await _host.ReadAllAsync(fork, bytes));
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData(Json)]
    public async Task Positions_count_further_than_32_bits(string contentType)
    {
        var path = NewPath();
        const long Far = 5_000_000_000;
        await _host.CreateAsync(path, contentType);
        await postgres.ExecuteAsync(
            $"update chunkstream.streams set fork_at = {Far}, fork_bytes = {Far} where path = '{path}'");
        if (contentType == Json)
            await _host.AppendJsonAsync(path, "1", "2");
        else
            await _host.AppendAsync(path, "1,2");

        var segment = await _host.ReadAsync(path, Far);

        Assert.Equal("1,2", Text(segment.Data));
        Assert.Equal(segment.Stream!.Tail, segment.Next);
    }

    [Fact]
    public async Task Reading_at_the_tail_gives_nothing_and_where_it_is()
    {
        var path = NewPath();
        await _host.CreateAsync(path, content: ["abc"]);

        var segment = await _host.ReadAsync(path, from: null);

        Assert.Equal((3, 3, true), (segment.Start, segment.Next, segment.Data.IsEmpty));
    }

    [Fact]
    public async Task Metadata_are_as_they_were_given()
    {
        var path = NewPath();
        var expires = new DateTimeOffset(2199, 12, 31, 23, 59, 59, 123, TimeSpan.Zero);
        await _host.CreateAsync(path, "Text/Plain; charset=utf-8", expires: expires, closed: true, content: ["x"]);

        var (presence, stream) = await _host.Store.HeadAsync(path, default).Within();

        Assert.Equal(Presence.Present, presence);
        Assert.Equal(
            ("Text/Plain; charset=utf-8", false, 1, true),
            (stream!.ContentType, stream.IsJson, stream.Tail, stream.Closed));
        Assert.Equal((null, expires), (stream.TtlSeconds, stream.ExpiresAt));
    }

    [Fact]
    public async Task Creating_again_succeeds_where_it_is_the_same()
    {
        var path = NewPath();
        var first = await _host.CreateAsync(path, "text/plain", ["x"], ttl: 60);

        var again = await _host.CreateAsync(path, "TEXT/plain; charset=utf-8", ["ignored"], ttl: 60);

        Assert.Equal(CreateStatus.Exists, again.Status);
        Assert.Equal((first.Stream!.Id, 1), (again.Stream!.Id, again.Stream.Tail));
        Assert.Equal("x", await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task Creating_again_otherwise_is_refused()
    {
        var path = NewPath();
        await _host.CreateAsync(path, ttl: 60);

        Assert.Equal(CreateStatus.Differs, (await _host.CreateAsync(path, "text/html", ttl: 60)).Status);
        Assert.Equal(CreateStatus.Differs, (await _host.CreateAsync(path, ttl: 61)).Status);
        Assert.Equal(CreateStatus.Differs, (await _host.CreateAsync(path)).Status);
        Assert.Equal(CreateStatus.Differs, (await _host.CreateAsync(path, expires: DateTimeOffset.MaxValue)).Status);
        Assert.Equal(CreateStatus.Differs, (await _host.CreateAsync(path, ttl: 60, closed: true)).Status);
        Assert.Equal(
            CreateStatus.Differs, (await _host.CreateAsync(path, ttl: 60, fork: new ForkPoint(path, null, 0))).Status);

        await _host.CloseAsync(path);
        Assert.Equal(CreateStatus.Differs, (await _host.CreateAsync(path, ttl: 60)).Status);
        Assert.Equal(CreateStatus.Exists, (await _host.CreateAsync(path, ttl: 60, closed: true)).Status);
    }

    [Fact]
    public async Task Of_many_who_create_at_once_one_does()
    {
        var path = NewPath();

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _host.CreateAsync(path, content: ["x"])));

        Assert.Single(results, result => result.Status is CreateStatus.Created);
        Assert.Equal(7, results.Count(result => result.Status is CreateStatus.Exists));
        Assert.Equal("x", await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task An_append_must_have_the_streams_content_type()
    {
        var path = NewPath();
        await _host.CreateAsync(path, "text/plain; charset=utf-8");

        Assert.Equal(
            AppendStatus.ContentTypeDiffers, (await _host.AppendAsync(path, "x", contentType: "text/html")).Status);
        Assert.Equal(AppendStatus.Appended, (await _host.AppendAsync(path, "x", contentType: "Text/Plain")).Status);
        Assert.Equal("x", await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task A_stream_has_a_largest_length()
    {
        await using var host = StoreHost.Start(
            postgres.ConnectionString, ("ChunkStream:Streams:MaxStreamBytes", "1024"));
        var path = NewPath();
        await host.CreateAsync(path, content: [new string('x', 1_000)]);

        Assert.Equal(AppendStatus.StreamFull, (await host.AppendAsync(path, new string('y', 25))).Status);
        Assert.Equal(
            new AppendResult(AppendStatus.Appended, 1_024, false, null, null),
            await host.AppendAsync(path, new string('y', 24)));
        Assert.Equal(AppendStatus.StreamFull, (await host.AppendAsync(path, "z")).Status);
        Assert.Equal(AppendStatus.Appended, (await host.CloseAsync(path)).Status);
    }

    [Fact]
    public async Task A_closed_stream_takes_nothing_more_and_stays_closed()
    {
        var path = NewPath();
        await _host.CreateAsync(path);

        Assert.Equal(
            new AppendResult(AppendStatus.Appended, 3, true, null, null),
            await _host.AppendAsync(path, "end", close: true));
        Assert.Equal(new AppendResult(AppendStatus.Closed, 3, true, null, null), await _host.AppendAsync(path, "more"));
        Assert.Equal(AppendStatus.Closed, (await _host.AppendAsync(path, "more", close: true)).Status);
        Assert.Equal(AppendStatus.Closed, (await _host.AppendAsync(path, "more", contentType: "text/html")).Status);
        Assert.Equal(new AppendResult(AppendStatus.Duplicate, 3, true, null, null), await _host.CloseAsync(path));
        Assert.Equal("end", await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task Sequences_must_rise_byte_by_byte()
    {
        var path = NewPath();
        await _host.CreateAsync(path);

        Assert.Equal(AppendStatus.Appended, (await _host.AppendAsync(path, "a", sequence: "09")).Status);
        Assert.Equal(AppendStatus.SequenceRegression, (await _host.AppendAsync(path, "b", sequence: "09")).Status);
        Assert.Equal(AppendStatus.SequenceRegression, (await _host.AppendAsync(path, "c", sequence: "08")).Status);
        Assert.Equal(AppendStatus.Appended, (await _host.AppendAsync(path, "d")).Status);
        Assert.Equal(AppendStatus.Appended, (await _host.AppendAsync(path, "e", sequence: "1")).Status);
        Assert.Equal(AppendStatus.Appended, (await _host.AppendAsync(path, "f", sequence: "B")).Status);

        // Most languages would sort "a" before "B"; its byte is higher.
        Assert.Equal(AppendStatus.Appended, (await _host.AppendAsync(path, "g", sequence: "a")).Status);
        Assert.Equal(AppendStatus.SequenceRegression, (await _host.AppendAsync(path, "h", sequence: "Z")).Status);
        Assert.Equal("adefg", await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task A_deleted_stream_is_missing_and_its_path_is_free()
    {
        var path = NewPath();
        var old = await _host.CreateAsync(path, content: ["old"]);

        Assert.Equal(Presence.Present, await _host.DeleteAsync(path).Within());
        Assert.Equal(Presence.Missing, await _host.DeleteAsync(path).Within());
        Assert.Equal(Presence.Missing, (await _host.ReadAsync(path)).Presence);
        Assert.Equal(
            Presence.Missing, (await _host.Store.ReadOnAsync(old.Stream!.Id, 0, 3, 100, default).Within()).Presence);
        Assert.Equal(Presence.Missing, (await _host.Store.HeadAsync(path, default).Within()).Presence);
        Assert.Equal(AppendStatus.Missing, (await _host.AppendAsync(path, "x")).Status);
        Assert.Equal(CreateStatus.Created, (await _host.CreateAsync(path, content: ["new"])).Status);
        Assert.Equal("new", await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task Nothing_in_a_path_or_in_content_is_SQL()
    {
        var path = NewPath("'; drop schema chunkstream cascade; --");
        var text = "'); delete from chunkstream.chunks; -- \\ $1 \0 ü 😀";

        await _host.CreateAsync(path, "text/plain'; --", content: [text]);
        await _host.AppendAsync(
            path, text, sequence: "' or 1=1 --", producer: new ProducerPosition("'; --", 0, 0),
            contentType: "text/plain'; --");

        Assert.Equal(text + text, await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task One_who_has_given_up_does_not_append_after_all_if_it_was_not_sent()
    {
        var path = NewPath();
        await _host.CreateAsync(path);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _host.Appends.AppendAsync(
            new AppendToStream(path, Plain, [Encoding.UTF8.GetBytes("x")], false, null, null),
            new CancellationToken(true)));

        Assert.Equal("", await _host.ReadAllAsync(path));
    }
}
