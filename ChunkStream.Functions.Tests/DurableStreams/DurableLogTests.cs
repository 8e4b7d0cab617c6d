using ChunkStream.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ChunkStream.Functions.Tests.DurableStreams;

public sealed class DurableLogTests
{
    [Fact]
    public async Task A_database_that_is_away_is_told_in_a_line_and_a_fault_of_ours_with_its_trace()
    {
        await using var away = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody");
        var unreachable = await Assert.ThrowsAnyAsync<NpgsqlException>(
            async () => await away.OpenConnectionAsync()).Within();
        var fault = new InvalidOperationException("Ours.");
        using var recorded = new RecordedLog();
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(recorded));
        var log = new DurableLog(factory.CreateLogger<DurableLog>());

        foreach (var tell in new Action<Exception>[] { log.NotTold, log.NotHeard, log.NotRead, log.NotSwept })
        {
            tell(unreachable);
            tell(fault);
            var lines = recorded.Take().ToList();
            Assert.Contains(": Failed to connect to 127.0.0.1:1: ", lines[0].Message, StringComparison.Ordinal);
            Assert.Null(lines[0].Exception);
            Assert.EndsWith(": Ours.", lines[1].Message, StringComparison.Ordinal);
            Assert.Same(fault, lines[1].Exception);
        }
    }
}
