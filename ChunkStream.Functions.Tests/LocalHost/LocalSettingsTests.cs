using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost.Functions;

namespace ChunkStream.Functions.Tests.LocalHost;

public sealed class LocalSettingsTests : IDisposable
{
    private const string Connection =
        "Host=127.0.0.1;Port=54329;Username=postgres;Passfile=/home/a b/postgres.pgpass;Database=chunkstream";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chunkstream-settings-");
    private readonly string _project;

    public LocalSettingsTests()
    {
        _project = _folder.CreateSubdirectory("ChunkStream.Functions").FullName;
        File.Copy(
            Path.Combine(Repository.Root, "local.settings.sample.json"),
            Path.Combine(_folder.FullName, "local.settings.sample.json"));
    }

    private string Settings => Path.Combine(_project, "local.settings.json");

    [Fact]
    public void The_settings_of_Core_Tools_are_made_where_they_are_missing_and_never_changed()
    {
        Assert.Contains("was made", LocalSettings.Prepare(_project, Connection), StringComparison.Ordinal);
        var made = File.ReadAllText(Settings);
        var values = JsonNode.Parse(made)!["Values"]!;
        Assert.Equal(Connection, (string?)values["ConnectionStrings__Postgres"]);
        Assert.Equal("UseDevelopmentStorage=true", (string?)values["AzureWebJobsStorage"]);
        Assert.Matches("^[0-9a-f]{64}$", (string?)values["ChunkStream__ResumeKey"]);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Settings));

        Assert.Contains("names this Postgres", LocalSettings.Prepare(_project, Connection), StringComparison.Ordinal);
        Assert.Contains(
            "put the line above into it",
            LocalSettings.Prepare(_project, Connection + ";Timeout=3"),
            StringComparison.Ordinal);
        Assert.Equal(made, File.ReadAllText(Settings));
    }

    [Theory]
    [InlineData("{ not json")]
    [InlineData("{}")]
    [InlineData("{ \"Values\": { /* mine */ } }")]
    public void Settings_that_are_somebodys_own_are_left_as_they_are(string text)
    {
        File.WriteAllText(Settings, text);

        Assert.Contains("left as it is", LocalSettings.Prepare(_project, Connection), StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(Settings));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
