using System.ComponentModel.DataAnnotations;
using System.Text;
using ChunkStream.Configuration;

namespace ChunkStream.DurableStreams;

/// <summary>Checks that a secret of capability URLs is long, and not one that others know.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class CapabilityKeyAttribute : ValidationAttribute
{
    private const int MinBytes = 32;

    /// <inheritdoc />
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        ArgumentNullException.ThrowIfNull(validationContext);
        var setting = $"ChunkStream:Streams:{validationContext.MemberName}";
        return value switch
        {
            null => ValidationResult.Success,
            string key when SecretText.IsReference(key) => new ValidationResult(
                $"{setting} {SecretText.ReferenceMistake}"),
            string key when Encoding.UTF8.GetByteCount(key.Trim()) >= MinBytes => ValidationResult.Success,
            _ => new ValidationResult(
                $"{setting} must have {MinBytes} bytes or more: a random text, such as 'openssl rand -base64 32' "
                + "gives."),
        };
    }
}
