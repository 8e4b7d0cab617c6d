using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.LocalHost.Functions;

/// <summary>
/// local.settings.json, which Core Tools read: made from the sample, with what is this machine's own, where it is missing.
/// </summary>
internal static class LocalSettings
{
    private const string FileName = "local.settings.json";
    private const string Sample = "local.settings.sample.json";
    private const string Postgres = "ConnectionStrings__Postgres";
    private const string ResumeKey = "ChunkStream__ResumeKey";

    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Makes the file where it is missing, and says what it did, or what there is to do.</summary>
    /// <param name="project">The function app's folder; the sample is beside it.</param>
    /// <param name="connectionString">The embedded Postgres.</param>
    public static string Prepare(string project, string connectionString)
    {
        var (file, sample) = (Path.Combine(project, FileName), Path.Combine(project, "..", Sample));
        if (File.Exists(file))
        {
            return Values(file)?[Postgres]?.ToString() == connectionString
                ? $"{file} names this Postgres: func start uses it."
                : $"{file} is yours, and is left as it is: to use this Postgres put the line above into it.";
        }

        if (!File.Exists(sample))
            return $"{sample} is missing, so {file} was not made.";

        var settings = JsonNode.Parse(File.ReadAllText(sample))!;
        settings["Values"]![Postgres] = connectionString;
        settings["Values"]![ResumeKey] = PrivateFile.NewSecret();
        PrivateFile.Write(file, settings.ToJsonString(Readable) + "\n");
        return $"{file} was made, and names this Postgres: func start uses it.";
    }

    private static JsonNode? Values(string file)
    {
        try
        {
            var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            return JsonNode.Parse(File.ReadAllText(file), documentOptions: options)?["Values"];
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
