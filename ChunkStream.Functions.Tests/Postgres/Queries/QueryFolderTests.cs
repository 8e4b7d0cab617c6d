using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Queries;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

public sealed class QueryFolderTests : IDisposable
{
    private readonly QueryFiles _files = new();
    private readonly QueryFiles _more = new();
    private readonly SteppedTime _time = new();
    private readonly QueryFolder _folder;

    public QueryFolderTests() => _folder = new QueryFolder([_files.Folder, _more.Folder], _time);

    public void Dispose()
    {
        _files.Dispose();
        _more.Dispose();
    }

    [Theory]
    [InlineData("")] // Emptied, and not yet written.
    [InlineData("-- key: id\n-- ac")] // A part that is broken.
    [InlineData("select * from accounts")] // A part that is well, and another query.
    public void While_a_file_is_being_saved_the_query_is_what_it_was(string part)
    {
        Write("select 1 as a");
        Assert.Equal("select 1 as a", SqlAfter(TimeSpan.FromMinutes(1)));

        Write(part);
        Assert.Equal("select 1 as a", SqlAfter(TimeSpan.FromSeconds(0.4)));
        Write("select * from accounts where mine");
        Assert.Equal("select 1 as a", SqlAfter(TimeSpan.FromSeconds(0.4)));

        Assert.Equal("select * from accounts where mine", SqlAfter(TimeSpan.FromSeconds(0.2)));
    }

    [Fact]
    public void A_file_that_another_takes_the_place_of_is_never_missing_and_one_that_is_deleted_is_soon()
    {
        Write("select 1 as a");
        Assert.Equal("select 1 as a", SqlAfter(TimeSpan.FromMinutes(1)));

        Delete();
        Assert.Equal("select 1 as a", SqlAfter(TimeSpan.FromSeconds(0.1)));
        Write("select 2 as b");
        Assert.Equal("select 2 as b", SqlAfter(TimeSpan.FromSeconds(0.6)));

        Delete();
        Assert.Null(SqlAfter(TimeSpan.FromSeconds(0.6)));
    }

    [Fact]
    public void A_file_that_stays_broken_is_said_to_be_and_so_is_one_that_was_never_well()
    {
        Write("-- typo: x");
        Assert.Null(SqlAfter(TimeSpan.Zero));

        Write("select 1 as a");
        Assert.Equal("select 1 as a", SqlAfter(TimeSpan.FromSeconds(1)));
        Write("-- typo: x");
        Assert.Null(SqlAfter(TimeSpan.FromSeconds(1)));
        Assert.Contains("There is no 'typo:'", _folder.Read().Single().Mistakes[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_hides_those_of_its_name_in_later_folders()
    {
        _more.With("query", "select 'theirs' as a").With("other", "select 'other' as a");
        Write("select 'mine' as a");
        _time.Step(TimeSpan.FromMinutes(1));
        Assert.Equal(["other", "query"], _folder.Read().Select(query => query.Name));
        Assert.Equal("select 'mine' as a", _folder.Read()[1].File!.Sql);

        Delete();
        _time.Step(TimeSpan.FromSeconds(1));
        Assert.Equal("select 'theirs' as a", _folder.Read()[1].File!.Sql);
    }

    private string? SqlAfter(TimeSpan time)
    {
        _time.Step(time);
        return _folder.Read().SingleOrDefault()?.File?.Sql;
    }

    private void Write(string text)
    {
        _files.With("query", text);
        File.SetLastWriteTimeUtc(Path.Combine(_files.Folder, "query.sql"), _time.GetUtcNow().UtcDateTime);
    }

    private void Delete()
    {
        File.Delete(Path.Combine(_files.Folder, "query.sql"));
        Directory.SetLastWriteTimeUtc(_files.Folder, _time.GetUtcNow().UtcDateTime);
    }

    private sealed class SteppedTime : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        public void Step(TimeSpan time) => _now += time;
    }
}
