using ChunkStream.Problems;
using Npgsql;

namespace ChunkStream.Functions.Tests.Problems;

public sealed class CauseTests
{
    [Fact]
    public void What_the_database_says_is_a_sentence_and_what_nobody_expected_keeps_its_stack()
    {
        var lost = new NpgsqlException(
            "Exception while reading from stream", new EndOfStreamException("It ended.\nSecond line"));
        var ended = new PostgresException(
            "terminating connection due to administrator command", "FATAL", "FATAL", "57P01");
        var bug = new InvalidOperationException("nobody thought of it");

        Assert.Equal((": Exception while reading from stream: It ended.", null), Cause.ForLog(lost));
        Assert.Equal((": 57P01: terminating connection due to administrator command", null), Cause.ForLog(ended));
        Assert.Equal(("", bug), Cause.ForLog(bug));
        Assert.Equal((": nobody thought of it", null), Cause.ForLog(bug, isExpected: true));
        Assert.Equal(("", null), Cause.ForLog(null));
    }
}
