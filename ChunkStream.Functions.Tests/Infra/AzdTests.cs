using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Infra;

/// <summary>What azd is told: the scripts and projects of azure.yaml, and the parameters.</summary>
public sealed partial class AzdTests
{
    private static readonly string Project = File.ReadAllText(Path.Combine(Repository.Root, "azure.yaml"));

    [Fact]
    public void Each_script_and_project_that_azd_is_told_of_is_there()
    {
        var named = Named().Matches(Project).Select(match => match.Groups[1].Value).ToArray();

        Assert.Equal(5, named.Length);
        Assert.All(named, path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), path));
    }

    [Fact]
    public void Each_parameter_is_documented_and_the_workflow_passes_it_on()
    {
        var parameters = File.ReadAllText(Path.Combine(Bicep.Folder, "main.bicepparam"));
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "deploy.md"));
        var workflow = File.ReadAllText(Path.Combine(Repository.Root, ".github", "workflows", "deploy.yml"));
        var variables = Variable().Matches(parameters)
            .Select(match => (Name: match.Groups[1].Value, Default: match.Groups[2].Value))
            .Where(variable => !variable.Name.StartsWith("AZURE_", StringComparison.Ordinal))
            .ToArray();

        Assert.Equal(12, variables.Length);
        Assert.All(variables, variable =>
        {
            // The hook sets it anew on each machine.
            var isLookedUp = variable.Name == "DEPLOYER_IP";
            var row = page.Split('\n').Single(
                line => line.StartsWith($"| `{variable.Name}` |", StringComparison.Ordinal));
            Assert.Matches(
                isLookedUp ? "looked up" : variable.Default.Length == 0 ? "none" : Regex.Escape(variable.Default),
                row.Split('|')[2]);
            var passed = $"{variable.Name}: ${{{{ vars.{variable.Name}"
                + (variable.Default.Length == 0 ? " }}" : $" || '{variable.Default}' }}}}");
            Assert.Equal(!isLookedUp, workflow.Contains(passed, StringComparison.Ordinal));
        });
    }

    [Theory]
    [InlineData("", "", "env set DEPLOYER_IP 203.0.113.9\n")]
    [InlineData("198.51.100.1", "", "env set DEPLOYER_IP 203.0.113.9\n")]
    [InlineData("none", "", "")]
    [InlineData("", "true", "")]
    public async Task The_address_of_the_deployer_is_looked_up_unless_it_is_not_wanted(
        string before, string isPrivate, string said)
    {
        if (OperatingSystem.IsWindows())
            return;

        var programs = Directory.CreateTempSubdirectory("chunkstream-hooks-").FullName;
        try
        {
            Write("curl", "echo 203.0.113.9");
            Write("azd", "echo \"$@\"");
            await using var run = RunningProgram.Start(
                "sh", [Path.Combine(Bicep.Folder, "hooks", "deployer-address.sh")], null,
                ("PATH", $"{programs}:{Environment.GetEnvironmentVariable("PATH")}"), ("DEPLOYER_IP", before),
                ("PRIVATE_DATABASE", isPrivate));

            Assert.Equal((0, said, ""), await run.EndAsync());
        }
        finally
        {
            Directory.Delete(programs, recursive: true);
        }

        void Write(string program, string line)
        {
            var file = Path.Combine(programs, program);
            File.WriteAllText(file, $"#!/bin/sh\n{line}\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    [GeneratedRegex(@"readEnvironmentVariable\('(\w+)'(?:, '(\w*)')?\)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"(?:^ {6,}run: (?:dotnet run --project )?|^ {4}project: )(\S+)$", RegexOptions.Multiline)]
    private static partial Regex Named();
}
