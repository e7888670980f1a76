"""Property names of the records served, as OpenAPI 2026.4 lists them.

Other names are refused with 400, as ConnectWise does.
"""

COMPANY = frozenset(
    """
    id identifier name status addressLine1 addressLine2 city state zip country
    phoneNumber faxNumber website territory market accountNumber defaultContact
    dateAcquired sicCode parentCompany annualRevenue creditLimit additionalDebt
    numberOfEmployees yearEstablished revenueYear ownershipType timeZoneSetup
    leadSource leadFlag unsubscribeFlag calendar userDefinedField1
    userDefinedField2 userDefinedField3 userDefinedField4 userDefinedField5
    userDefinedField6 userDefinedField7 userDefinedField8 userDefinedField9
    userDefinedField10 vendorIdentifier taxIdentifier taxCode billingTerms
    invoiceTemplate pricingSchedule companyEntityType billToCompany billingSite
    billingContact invoiceDeliveryMethod emailTemplate invoiceToEmailAddress
    invoiceCCEmailAddress deletedFlag dateDeleted deletedBy mobileGuid
    facebookUrl twitterUrl linkedInUrl currency territoryManager
    resellerIdentifier isVendorFlag types site integratorTags _info customFields
    """.split()
)
CONTACT = frozenset(
    """
    id firstName lastName company site addressLine1 addressLine2 city state zip
    country relationship relationshipOverride department inactiveFlag
    defaultMergeContactId securityIdentifier managerContact assistantContact
    title school nickName marriedFlag childrenFlag children significantOther
    portalPassword portalSecurityLevel disablePortalLoginFlag unsubscribeFlag
    gender birthDay anniversary presence mobileGuid facebookUrl twitterUrl
    linkedInUrl defaultPhoneType defaultPhoneNbr defaultPhoneExtension
    defaultBillingFlag defaultFlag userDefinedField1 userDefinedField2
    userDefinedField3 userDefinedField4 userDefinedField5 userDefinedField6
    userDefinedField7 userDefinedField8 userDefinedField9 userDefinedField10
    companyLocation communicationItems types integratorTags customFields photo
    ignoreDuplicates _info typeIds
    """.split()
)
INVOICE = frozenset(
    """
    id invoiceNumber type status company billToCompany shipToCompany
    accountNumber applyToType applyToId attention shipToAttention billingSite
    billingSiteAddressLine1 billingSiteAddressLine2 billingSiteCity
    billingSiteState billingSiteZip billingSiteCountry shippingSite
    shippingSiteAddressLine1 shippingSiteAddressLine2 shippingSiteCity
    shippingSiteState shippingSiteZip shippingSiteCountry billingTerms reference
    customerPO templateSetupId invoiceTemplate emailTemplateId
    addToBatchEmailList date restrictDownpaymentFlag locationId location
    departmentId department territoryId territory topComment bottomComment
    taxableFlag taxCode internalNotes downpaymentPreviouslyTaxedFlag
    serviceTotal overrideDownPaymentAmountFlag currency dueDate expenseTotal
    productTotal previousProgressApplied serviceAdjustmentAmount agreementAmount
    downpaymentApplied subtotal total remainingDownpayment salesTax
    adjustmentReason adjustedBy closedBy payments credits balance
    specialInvoiceFlag billingSetupReference ticket project phase salesOrder
    agreement glBatch unbatchedBatch _info customFields
    """.split()
)
