using ChunkStream.Postgres.Queries;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

public sealed class QueryOptionsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("chunkstream-folders-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_query_folder_is_found_from_the_repository_and_from_a_projects_folder_as_dotnet_run_starts_there()
    {
        var queries = Made("repository", "queries");
        var project = Made("repository", "Project");

        Assert.Equal([queries], new QueryOptions().FindFolders(Path.Combine(_root, "repository")));
        Assert.Equal([queries], new QueryOptions().FindFolders(project));
    }

    [Fact]
    public void The_nearest_query_folder_wins_and_one_beside_the_program_is_the_last_choice()
    {
        Made("repository", "queries");
        var nearest = Made("repository", "Project", "queries");

        Assert.Equal([nearest], new QueryOptions().FindFolders(Path.Combine(_root, "repository", "Project")));
        Assert.Equal(
            [Path.Combine(AppContext.BaseDirectory, "elsewhere")],
            new QueryOptions { QueriesPath = "elsewhere" }.FindFolders(nearest));
    }

    [Fact]
    public void A_whole_path_is_taken_as_it_is()
    {
        var queries = Made("mine");

        Assert.Equal([queries], new QueryOptions { QueriesPath = queries }.FindFolders(_root));
    }

    [Fact]
    public void There_may_be_several_folders_and_each_is_looked_for_by_itself()
    {
        var (mine, theirs) = (Made("repository", "queries"), Made("repository", "more", "queries"));
        var options = new QueryOptions { QueriesPath = "queries; more/queries;" };

        Assert.Equal([mine, theirs], options.FindFolders(Made("repository", "Project")).Select(Path.GetFullPath));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("reader, nonesuch", true)]
    [InlineData("none", false)]
    [InlineData("reader,None ", false)]
    public void A_claim_may_not_lead_back_to_the_user_of_the_connection(string? roles, bool isAllowed)
        => Assert.Equal(isAllowed, new DatabaseRolesAttribute().IsValid(roles));

    private string Made(params string[] parts) => Directory.CreateDirectory(Path.Combine([_root, .. parts])).FullName;
}
