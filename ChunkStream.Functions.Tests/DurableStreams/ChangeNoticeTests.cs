using ChunkStream.DurableStreams.Live;

namespace ChunkStream.Functions.Tests.DurableStreams;

public sealed class ChangeNoticeTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        var changes = Enumerable.Range(0, 2_000)
            .Select(number => KeyValuePair.Create(
                long.MaxValue - number, number % 3 == 0 ? (long?)null : long.MaxValue - (2 * number)))
            .ToArray();

        var payloads = ChangeNotice.Write(changes, ["abc"]);
        var read = new List<KeyValuePair<long, long?>>();
        var pings = new List<string>();
        foreach (var payload in payloads)
            ChangeNotice.Read(
                payload, (id, tail) => read.Add(new(id, tail)), () => Assert.Fail("Nothing is untold"), pings.Add);

        Assert.Equal(changes, read);
        Assert.Equal(["abc"], pings);
        Assert.All(payloads, payload => Assert.InRange(payload.Length, 1, 7_999));
        Assert.InRange(payloads.Count, 2, 20);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1:")]
    [InlineData(":1")]
    [InlineData("1:-1")]
    [InlineData("1:2:3")]
    [InlineData("99999999999999999999")]
    public void What_others_say_on_the_channel_is_left_out(string payload)
    {
        var read = new List<long>();

        ChangeNotice.Read(
            payload + " 7", (id, _) => read.Add(id), () => Assert.Fail("Nothing is untold"),
            _ => Assert.Fail("No ping"));

        Assert.Equal([7], read);
    }

    [Fact]
    public void A_transaction_in_SQL_says_that_others_may_say_nothing()
    {
        var (read, untold) = (new List<long>(), 0);

        ChangeNotice.Read("7:1 8:2 *", (id, _) => read.Add(id), () => untold++, _ => Assert.Fail("No ping"));

        Assert.Equal([7, 8], read);
        Assert.Equal(1, untold);
    }
}
