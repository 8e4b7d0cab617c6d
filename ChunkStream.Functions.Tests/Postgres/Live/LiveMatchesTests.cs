using ChunkStream.Functions.Tests.Postgres.Live.Changes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Postgres.Rows;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>Which readers a change concerns, where they follow by a parameter.</summary>
[Collection(RealPostgres.Collection)]
public sealed class LiveMatchesTests(RealPostgres postgres) : IAsyncLifetime
{
    private LogHost _host = null!;

    public async Task InitializeAsync() => _host = await LogHost.CreateAsync(
        postgres,
        """
        create collation any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        create domain mark as numeric;
        create table marks (
          id int primary key, whole int, exact numeric, padded char(5), named text collate any_case, mark mark,
          list int[], at timestamptz, span interval);
        """);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("whole", null, "int", "7", "007", "8")]
    [InlineData("whole", null, "bigint", "7", "7", "8")]
    [InlineData("exact", null, "numeric", "1.00", "1.0", "1.01")]
    [InlineData("mark", null, "numeric", "1.00", "1.0", "1.01")]
    [InlineData("padded", null, "char(5)", "ab", "ab ", "abc")]
    [InlineData("named", "any_case", "text", "Anna", "ANNA", "Anne")]
    [InlineData("list", null, "int[]", "{1,2}", "{01, 2}", "{2,1}")]
    [InlineData("at", null, "timestamptz", "2026-01-01 12:00+00", "2026-01-01 13:00+01", "2026-01-01 13:00+00")]
    [InlineData("at", null, "timestamptz", "2026-01-01 12:00+00", "2026-01-01 12:00", "2026-01-01 13:00+00")]
    [InlineData("span", null, "interval", "-1 days +02:00:00", "-1 2:00:00", "1 day")]
    public async Task Postgres_finds_whose_value_equals_one_that_was_logged(
        string column, string? collation, string type, string written, string same, string other)
    {
        var (watch, since) = await BeginAsync(column);
        var collated = collation is null ? null : $"{_host.Schema}.{collation}";
        LiveGroup[] groups = [.. new[] { other, same, null, "nonsense" }.Select((value, number)
            => Group(watch, new LiveFilter(2, collated, Parameter: 0, type), value, isBegun: number < 3))];

        // Inserted, changed to another one, and gone: each time both values count.
        await _host.SqlAsync($"insert into marks (id, {column}) values (1, '{written}'), (2, null)");
        var (inserted, next) = await FindAsync(watch, groups, since);
        await _host.SqlAsync($"update marks set {column} = '{other}' where id = 1");
        var (moved, last) = await FindAsync(watch, groups, next);
        await _host.SqlAsync("delete from marks");
        var (deleted, _) = await FindAsync(watch, groups, last);

        // Who has no value, or has not begun, is told of all.
        Assert.Equal([1, 2, 3], inserted);
        Assert.Equal([0, 1, 2, 3], moved);
        Assert.Equal([0, 2, 3], deleted);
    }

    [Fact]
    public async Task A_value_that_is_none_of_its_type_any_more_hides_no_change_from_others()
    {
        var (watch, since) = await BeginAsync("whole");
        LiveGroup[] groups = [.. new[] { "7", "8", "nonsense" }
            .Select(value => Group(watch, new LiveFilter(2, null, Parameter: 0, "int"), value, isBegun: true))];
        await _host.SqlAsync("insert into marks (id, whole) values (1, 8)");

        var (concerned, _) = await FindAsync(watch, groups, since);

        Assert.Equal([0, 1, 2], concerned);
    }

    private async Task<(Watch Watch, LiveSnapshot Since)> BeginAsync(string column)
    {
        var watch = await _host.WatchAsync("marks", "id", column);
        return (watch, new LiveSnapshot(await _host.StartAsync(watch)));
    }

    private static LiveGroup Group(Watch watch, LiveFilter filter, string? value, bool isBegun)
    {
        var query = new PostgresQuery("none runs") { Parameters = [value] };
        var live = new LiveQuery(query, [new LivePath(watch, null, 1, [filter])]);
        var group = new LiveGroup(live, null!, null!, null!, TimeProvider.System, default);
        if (isBegun)
            group.Begin(LivePosition.Unknown);
        return group;
    }

    // The numbers of the groups that are concerned, and the snapshot of the look.
    private async Task<(IReadOnlyList<int> Concerned, LiveSnapshot Snapshot)> FindAsync(
        Watch watch, LiveGroup[] groups, LiveSnapshot since)
    {
        await using var connection = await _host.OpenAsync();

        // By these defaults of a server or role some values mean something else than in the query, which sets its own.
        await connection.SqlAsync("set timezone = 'Asia/Tokyo'; set intervalstyle = 'sql_standard'");
        var look = await LiveLook.TakeAsync(connection, [watch.Id], since);
        Assert.Null(Assert.Single(look.Watches).Problem);
        var concerned = await LiveMatches.FindAsync(connection, groups, look, since).Within();
        await connection.SqlAsync("rollback");
        return ([.. groups.Index().Where(group => concerned.Contains(group.Item)).Select(group => group.Index)],
            look.Snapshot);
    }
}
