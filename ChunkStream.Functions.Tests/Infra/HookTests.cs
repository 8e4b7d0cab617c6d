using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Infra;

/// <summary>What azure.yaml tells azd.</summary>
public sealed partial class HookTests
{
    private static readonly string Project = File.ReadAllText(Path.Combine(Repository.Root, "azure.yaml"));

    [Fact]
    public void Each_script_and_project_that_azd_is_told_of_is_there()
    {
        var named = Named().Matches(Project).Select(match => match.Groups[1].Value).ToArray();

        Assert.Equal(5, named.Length);
        Assert.All(named, path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), path));
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

    [GeneratedRegex(@"(?:^ {6,}run: (?:dotnet run --project )?|^ {4}project: )(\S+)$", RegexOptions.Multiline)]
    private static partial Regex Named();
}
